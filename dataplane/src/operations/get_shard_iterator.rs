//! `GetShardIterator`: a place in a shard to read from.
//!
//! Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html>

use anabranch_domain::iterator::Position;
use anabranch_wire::shapes::{GetShardIteratorInput, GetShardIteratorOutput};
use anabranch_wire::{ApiError, ErrorKind};

use super::addressing::{self, StreamAddress};
use super::position::{self, Asked, Place, Start};
use super::{Services, errors, put, shard_iterators};
use crate::serving::ReadRefused;

/// Answers the iterator.
pub(super) async fn execute(
    services: &Services,
    input: GetShardIteratorInput,
) -> Result<GetShardIteratorOutput, ApiError> {
    let snapshot = services.snapshot();
    let account = snapshot.account.id;
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let shard_id = input
        .shard_id
        .parse()
        .map_err(|_| errors::shard_not_found(&input.shard_id, address.name(), account.as_str()))?;
    let stream = addressing::stream(&snapshot, address).map_err(|error| match error.kind {
        // AWS speaks of the shard even where the stream is missing.
        ErrorKind::ResourceNotFoundException => {
            position::shard_does_not_exist(shard_id, address.name(), account.as_str())
        }
        _ => error,
    })?;
    let (stream, shard) =
        position::find_born_shard(services, stream, &input.shard_id, account.as_str()).await?;
    let now = services.now();
    let asked = Asked {
        kind: &input.shard_iterator_type,
        number: input.starting_sequence_number.as_deref(),
        timestamp: input.timestamp,
    };
    let place = Place {
        stream: &stream,
        shard: &shard,
        account: account.as_str(),
        action: "GetShardIterator",
        now,
    };
    let start = position::parse(asked, place)?;
    let unreadable = |failed: ReadRefused| {
        let shard = (&*stream, &*shard);
        position::unreadable(services, shard, &failed, "cannot find the shard's tip")
    };
    let admitted = services.shards.admit_iterator(&stream, &shard).await;
    admitted.map_err(|refused| match refused {
        ReadRefused::Throttled => put::throttled(account, &stream, shard.id),
        failed => unreadable(failed),
    })?;
    put::refuse_dry_run(input.dry_run)?;
    let position = match start {
        Start::At(position) => position,
        Start::Latest => {
            let tip = services.shards.tip(&stream, &shard).await;
            let tip = tip.map_err(unreadable)?;
            Position::Resume {
                log_index: tip.end_index,
                ordinal: tip.next_ordinal,
            }
        }
    };
    Ok(GetShardIteratorOutput {
        shard_iterator: Some(shard_iterators::seal(services, &stream, &shard, position)),
    })
}
