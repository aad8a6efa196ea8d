//! `SubscribeToShard`: has a shard's records pushed to a registered consumer.
//!
//! Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>

use std::sync::Arc;

use anabranch_domain::SequenceNumber;
use anabranch_domain::catalog::ConsumerStatus;
use anabranch_domain::iterator::Position;
use anabranch_domain::retention;
use anabranch_wire::shapes::SubscribeToShardInput;
use anabranch_wire::{ApiError, Codec, ErrorKind};
use tokio::time::Instant;

use super::addressing;
use super::position::{self, Asked, Place, Start};
use super::{Services, put};
use crate::fanout::{EventStream, Push, SlotRefused, SubscriptionKey};
use crate::serving::{ReadRefused, Vantage};
use crate::shard::ReadFrom;

/// Takes the consumer's place at the shard and begins to push.
pub(super) async fn execute(
    services: &Arc<Services>,
    codec: Codec,
    input: SubscribeToShardInput,
) -> Result<EventStream, ApiError> {
    let snapshot = services.snapshot();
    let account = snapshot.account.id;
    let found = addressing::consumer_of_arn(&snapshot, &input.consumer_arn)?;
    let consumer = &found.consumer;
    if consumer.status != ConsumerStatus::Active {
        return Err(ApiError::new(
            ErrorKind::ResourceInUseException,
            format!(
                "Consumer {} under stream: {} , account {account} is not in ACTIVE status.",
                consumer.name, found.stream.name
            ),
        ));
    }
    let of_consumer = Arc::clone(&found.stream);
    let (stream, shard) =
        position::find_born_shard(services, of_consumer, &input.shard_id, account.as_str()).await?;
    let now = services.now();
    let asked = Asked {
        kind: &input.starting_position.kind,
        number: input.starting_position.sequence_number.as_deref(),
        timestamp: input.starting_position.timestamp,
    };
    let place = Place {
        stream: &stream,
        shard: &shard,
        account: account.as_str(),
        action: "SubscribeToShard",
        now,
    };
    let start = position::parse(asked, place)?;
    put::refuse_dry_run(input.dry_run)?;
    let from = match start {
        Start::At(position) => position::read_from(position),
        Start::Latest => ReadFrom::Latest,
    };
    let horizon = retention::trim_horizon(now, stream.retention_hours);
    let unreadable = |failed: ReadRefused| {
        let shard = (&*stream, &*shard);
        let what = "cannot find where a subscription starts";
        position::unreadable(services, shard, &failed, what)
    };
    let located = services.shards.locate(&stream, &shard, from, horizon).await;
    let resume = located.map_err(unreadable)?;
    let key = SubscriptionKey {
        consumer_arn: input.consumer_arn,
        shard: shard.uid,
    };
    let slot = services
        .subscriptions
        .take(key, now)
        .map_err(|refused| slot_refused(refused, consumer.name.as_str()))?;
    let push = Push {
        started_at: started_at(start, resume.ordinal, &shard),
        vantage: Vantage::of(&stream, consumer, &shard, resume.log_index, Instant::now()),
        services: Arc::clone(services),
        slot,
        codec,
        stream,
        consumer: Arc::clone(consumer),
        shard,
        from: resume,
    };
    Ok(push.into_stream())
}

/// What a consumer goes on from that was never sent a record: what it asked for, or the shard's beginning.
fn started_at(
    start: Start,
    next_ordinal: u64,
    shard: &anabranch_domain::catalog::Shard,
) -> SequenceNumber {
    match (start, next_ordinal.checked_sub(1)) {
        (Start::At(Position::AfterSequence(number)), _) => number,
        (_, Some(last)) => SequenceNumber::record(shard.created, shard.id, last, shard.created),
        (_, None) => shard.starting_sequence_number(),
    }
}

fn slot_refused(refused: SlotRefused, consumer: &str) -> ApiError {
    match refused {
        SlotRefused::InUse { .. } => ApiError::new(
            ErrorKind::ResourceInUseException,
            format!("Another active subscription exists for this consumer: {consumer}"),
        ),
        SlotRefused::TooMany { places_max } => ApiError::new(
            ErrorKind::LimitExceededException,
            format!("This server pushes to {places_max} subscriptions already. Try again later."),
        ),
    }
}
