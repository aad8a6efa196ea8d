//! Reading a shard by having its records pushed to a registered consumer (enhanced fan-out).

use std::time::Duration;

use anabranch_wire::Action;
use anabranch_wire::shapes::{DeregisterStreamConsumerInput, SubscribeToShardInput};

use super::{News, Reading};
use crate::cli::client::{CallError, Kinesis, RegisteredConsumer, Subscription, SubscriptionEnd};
use crate::cli::position::Position;
use crate::cli::streams::summary;

/// A second subscription to a shard is refused for five seconds after the first.
const PAUSE: Duration = Duration::from_secs(1);

/// How often a subscription is tried again when the service has no place for it.
const ATTEMPTS_MAX: u32 = 15;

/// The consumer of this name, registered now if it is missing.
pub(super) async fn find_or_register(
    kinesis: &Kinesis,
    stream: &str,
    name: &str,
) -> Result<RegisteredConsumer, CallError> {
    let stream_arn = summary(kinesis, stream).await?.stream_arn;
    kinesis.find_or_register_consumer(&stream_arn, name).await
}

/// Removes the consumer unless it was there before.
pub(super) async fn remove_if_made_here(
    kinesis: &Kinesis,
    consumer: &RegisteredConsumer,
) -> Result<(), CallError> {
    if !consumer.made_here {
        return Ok(());
    }
    let input = DeregisterStreamConsumerInput {
        consumer_arn: Some(consumer.arn.clone()),
        ..DeregisterStreamConsumerInput::default()
    };
    kinesis
        .command(Action::DeregisterStreamConsumer, &input)
        .await
}

/// Reads `shard` from `position` to its end, or for ever, over as many subscriptions as it takes.
pub(super) async fn read(
    reading: &Reading,
    consumer: &RegisteredConsumer,
    shard: &str,
    mut position: Position,
) -> Result<(), CallError> {
    loop {
        let mut subscription = subscribe(reading, consumer, shard, &position).await?;
        loop {
            let event = match subscription.next().await {
                Ok(event) => event,
                Err(SubscriptionEnd::Closed) => break,
                Err(SubscriptionEnd::Refused { kind, message }) => {
                    return Err(CallError::Refused {
                        action: Action::SubscribeToShard.name(),
                        status: 200,
                        kind,
                        message,
                    });
                }
                Err(SubscriptionEnd::Unreadable(reason)) => {
                    return Err(CallError::Unreadable {
                        action: Action::SubscribeToShard.name(),
                        reason,
                    });
                }
            };
            if let Some(number) = &event.continuation_sequence_number {
                position = Position::After(number.to_string());
            }
            let is_at_tip = event.millis_behind_latest == 0;
            if !reading
                .tell(News::Records {
                    shard: shard.to_owned(),
                    records: event.records,
                })
                .await
            {
                return Ok(());
            }
            if let Some(children) = event.child_shards {
                reading
                    .tell(News::Ended {
                        shard: shard.to_owned(),
                        children,
                    })
                    .await;
                return Ok(());
            }
            if is_at_tip && !reading.follow {
                reading.tell(News::CaughtUp).await;
                return Ok(());
            }
        }
    }
}

async fn subscribe(
    reading: &Reading,
    consumer: &RegisteredConsumer,
    shard: &str,
    position: &Position,
) -> Result<Subscription, CallError> {
    let input = SubscribeToShardInput {
        consumer_arn: consumer.arn.clone(),
        shard_id: shard.to_owned(),
        starting_position: position.starting_position(),
        ..Default::default()
    };
    let mut attempts = 0;
    loop {
        match reading.kinesis.subscribe(&input).await {
            Err(error) if attempts < ATTEMPTS_MAX && is_busy(&error) => {
                attempts += 1;
                tokio::time::sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
}

/// Whether another subscription is in the way, which the service says for five seconds.
fn is_busy(error: &CallError) -> bool {
    error.is_throttling()
        || matches!(
            error.kind(),
            Some("ResourceInUseException" | "LimitExceededException")
        )
}
