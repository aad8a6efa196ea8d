//! `DescribeStreamConsumer`: one registered consumer.

use anabranch_domain::access::Caller;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{
    ConsumerDescription, DescribeStreamConsumerInput, DescribeStreamConsumerOutput,
};

use super::addressing::{self, ConsumerAddress, FoundConsumer};
use super::{Services, rendering};

pub(super) fn execute(
    services: &Services,
    _: &Caller,
    input: &DescribeStreamConsumerInput,
) -> Result<DescribeStreamConsumerOutput, ApiError> {
    let snapshot = services.snapshot();
    let address = ConsumerAddress {
        stream_arn: input.stream_arn.as_deref(),
        name: input.consumer_name.as_deref(),
        arn: input.consumer_arn.as_deref(),
    };
    let FoundConsumer { stream, consumer } = addressing::consumer(&snapshot, address)?;
    let account = &snapshot.account;
    Ok(DescribeStreamConsumerOutput {
        consumer_description: ConsumerDescription {
            consumer_name: consumer.name.to_string(),
            consumer_arn: rendering::consumer_arn(account, &stream, &consumer).to_string(),
            consumer_status: consumer.status.as_str().to_owned(),
            consumer_creation_timestamp: rendering::timestamp(consumer.created),
            stream_arn: rendering::stream_arn(account, &stream).to_string(),
        },
    })
}
