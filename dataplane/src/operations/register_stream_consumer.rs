//! `RegisterStreamConsumer`: a new reader by enhanced fan-out.

use anabranch_domain::ConsumerName;
use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{ConsumerStatus, RegisterConsumer};
use anabranch_wire::shapes::{RegisterStreamConsumerInput, RegisterStreamConsumerOutput};
use anabranch_wire::{Action, ApiError};

use super::addressing::{self, StreamAddress};
use super::{Services, authorize, changing, errors, rendering};

fn validate(input: &RegisterStreamConsumerInput) -> Result<ConsumerName, ApiError> {
    let name = &input.consumer_name;
    name.parse()
        .map_err(|_| errors::invalid_argument(format!("Invalid ConsumerName: {name}")))
}

pub(super) async fn execute(
    services: &Services,
    caller: &Caller,
    input: RegisterStreamConsumerInput,
) -> Result<RegisterStreamConsumerOutput, ApiError> {
    let name = validate(&input)?;
    let address = StreamAddress::of_arn(&input.stream_arn);
    let stream = addressing::stream(&services.snapshot(), address)?;
    if input.tags.is_some() {
        authorize::check_stream(services, caller, Action::TagResource, &stream)?;
    }
    let change = RegisterConsumer {
        stream: stream.name.clone(),
        consumer: name.clone(),
        tags: input.tags.unwrap_or_default(),
    };
    let after = changing::commit(services, change.into(), stream.name.as_str()).await?;
    let registered = after
        .streams
        .get(&stream.name)
        .and_then(|stream| stream.consumers.get(&name));
    // Gone again before we could look: the stream was deleted in the same moment.
    let account = after.account.id.as_str();
    let consumer =
        registered.ok_or_else(|| errors::stream_not_found(stream.name.as_str(), account))?;
    changing::wait_until(services, |snapshot| {
        let found = snapshot
            .streams
            .get(&stream.name)
            .and_then(|stream| stream.consumers.get(&name));
        found.is_none_or(|consumer| consumer.status != ConsumerStatus::Creating)
    })
    .await;
    Ok(RegisterStreamConsumerOutput {
        consumer: rendering::consumer(&after.account, &stream, consumer),
    })
}
