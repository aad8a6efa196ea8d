//! `DeregisterStreamConsumer`: a reader by enhanced fan-out less.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::DeregisterConsumer;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::DeregisterStreamConsumerInput;

use super::addressing::{self, ConsumerAddress};
use super::{Services, changing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: DeregisterStreamConsumerInput,
) -> Result<(), ApiError> {
    let address = ConsumerAddress {
        stream_arn: input.stream_arn.as_deref(),
        name: input.consumer_name.as_deref(),
        arn: input.consumer_arn.as_deref(),
    };
    let found = addressing::consumer(&services.snapshot(), address)?;
    let (stream, consumer) = (&found.stream.name, &found.consumer.name);
    let change = DeregisterConsumer {
        stream: stream.clone(),
        consumer: consumer.clone(),
    };
    changing::commit(services, change.into(), consumer.as_str()).await?;
    changing::wait_until(services, |snapshot| {
        snapshot
            .streams
            .get(stream)
            .is_none_or(|stream| !stream.consumers.contains_key(consumer))
    })
    .await;
    Ok(())
}
