//! Registering an enhanced fan-out consumer and waiting until it can be used.

use std::time::Duration;

use anabranch_wire::Action;
use anabranch_wire::shapes::{
    DescribeStreamConsumerInput, RegisterStreamConsumerInput, RegisterStreamConsumerOutput,
};
use serde::Deserialize;

use super::{CallError, Kinesis};

/// How often a consumer's status is asked for while it is being made.
const STATUS_INTERVAL: Duration = Duration::from_millis(100);

/// A consumer that can subscribe.
#[derive(Debug)]
pub(in crate::cli) struct RegisteredConsumer {
    pub(in crate::cli) arn: String,
    /// It was not there before.
    pub(in crate::cli) made_here: bool,
}

/// What is asked of a description. Other servers leave out members that AWS always has, so only these must be there.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "ConsumerDescription")]
    consumer: DescribedConsumer,
}

#[derive(Deserialize)]
struct DescribedConsumer {
    #[serde(rename = "ConsumerARN")]
    arn: String,
    #[serde(rename = "ConsumerStatus")]
    status: String,
}

impl Kinesis {
    /// The consumer of this name, registered now if it is missing, once it is ACTIVE.
    pub(in crate::cli) async fn find_or_register_consumer(
        &self,
        stream_arn: &str,
        name: &str,
    ) -> Result<RegisteredConsumer, CallError> {
        let input = RegisterStreamConsumerInput {
            stream_arn: stream_arn.to_owned(),
            consumer_name: name.to_owned(),
            ..RegisterStreamConsumerInput::default()
        };
        let registered: Result<RegisterStreamConsumerOutput, _> =
            self.call(Action::RegisterStreamConsumer, &input).await;
        let made_here = match registered {
            Ok(_) => true,
            Err(error) if error.kind() == Some("ResourceInUseException") => false,
            Err(error) => return Err(error),
        };
        let input = DescribeStreamConsumerInput {
            stream_arn: Some(stream_arn.to_owned()),
            consumer_name: Some(name.to_owned()),
            ..DescribeStreamConsumerInput::default()
        };
        loop {
            let answer: Described = self.call(Action::DescribeStreamConsumer, &input).await?;
            if answer.consumer.status == "ACTIVE" {
                return Ok(RegisteredConsumer {
                    arn: answer.consumer.arn,
                    made_here,
                });
            }
            tokio::time::sleep(STATUS_INTERVAL).await;
        }
    }
}
