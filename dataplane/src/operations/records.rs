//! Stored records as consumers get them, by `GetRecords` and by `SubscribeToShard` alike.

use anabranch_domain::catalog::{Shard, Stream};
use anabranch_domain::sequence_number::SequenceNumberText;
use anabranch_domain::{SequenceNumber, ShardId, Timestamp};
use anabranch_store::entry::EntryError;
use anabranch_wire::shapes::{ChildShard, HashKeyRange, Record};
use anabranch_wire::{Blob, Text};
use bytes::BytesMut;

use super::{put, rendering};
use crate::shard::ReadBatch;

/// Records as they are answered, and what they count against a shard's read limit: data and keys.
pub(crate) struct Rendered {
    pub(crate) records: Vec<Record>,
    pub(crate) counted_bytes: u64,
}

/// The records with their numbers. Their bytes are not copied. Fails where stored bytes are damaged.
pub(crate) fn render(shard: &Shard, batch: &ReadBatch) -> Result<Rendered, EntryError> {
    // The numbers of all records in one buffer: an allocation each would cost more than the digits.
    let mut numbers = BytesMut::with_capacity(batch.len() * SequenceNumberText::LEN);
    let mut records = Vec::with_capacity(batch.len());
    let mut counted_bytes = 0;
    for record in batch.records() {
        let record = record?;
        let number =
            SequenceNumber::record(shard.created, shard.id, record.ordinal, record.arrival);
        numbers.extend_from_slice(number.text().as_bytes());
        counted_bytes += record.data.len() + record.partition_key.map_or(0, str::len);
        records.push(Record {
            sequence_number: Text::from_utf8(numbers.split().freeze()).expect("digits are UTF-8"),
            approximate_arrival_timestamp: Some(rendering::timestamp(record.arrival)),
            data: Blob(record.share(record.data)),
            partition_key: record.partition_key.map(|key| {
                Text::from_utf8(record.share(key.as_bytes())).expect("it was read as UTF-8")
            }),
            encryption_type: record.is_sealed().then(put::sealed),
        });
    }
    Ok(Rendered {
        records,
        counted_bytes: counted_bytes as u64,
    })
}

/// How far a reader who got `batch` is behind the tip: the age of the last record that was read, while there are more, or may be. Then
/// never 0, which says that there are none, however fast the reader is and whatever this clock says.
pub(crate) fn millis_behind_latest(batch: &ReadBatch, now: Timestamp) -> i64 {
    let may_be_behind = batch.may_be_behind && !batch.is_at_end_of_sealed();
    if batch.is_at_tip() && !may_be_behind {
        return 0;
    }
    let last = batch.last_arrival().unwrap_or(batch.tip.last_arrival);
    let behind = i64::try_from(now.saturating_since(last).as_millis()).unwrap_or(i64::MAX);
    behind.max(1)
}

/// The shards that go on where `parent` ended.
pub(crate) fn child_shards(stream: &Stream, parent: ShardId) -> Vec<ChildShard> {
    stream
        .shards
        .values()
        .filter(|shard| shard.parents().any(|id| id == parent))
        .map(|child| {
            let shown = rendering::shard(child);
            ChildShard {
                shard_id: shown.shard_id,
                parent_shards: child.parents().map(|id| id.to_string()).collect(),
                hash_key_range: HashKeyRange {
                    starting_hash_key: shown.hash_key_range.starting_hash_key,
                    ending_hash_key: shown.hash_key_range.ending_hash_key,
                },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use anabranch_domain::ShardPhase;
    use anabranch_store::entry::KeyRing;

    use super::*;
    use crate::shard::{Resume, Tip};

    #[test]
    fn zero_says_that_there_is_nothing_more_and_is_said_of_nothing_else() {
        let arrived = Timestamp::from_millis(5_000);
        for (read_to, phase, may_be_behind, now, behind) in [
            (3, ShardPhase::Open, false, 9_000, 0),
            (2, ShardPhase::Open, false, 9_000, 4_000),
            // A reader that is faster than the clock's step, and a clock that is behind.
            (2, ShardPhase::Open, false, 5_000, 1),
            (2, ShardPhase::Open, false, 1_000, 1),
            // Nobody could be found who knows.
            (3, ShardPhase::Open, true, 9_000, 4_000),
            (3, ShardPhase::Open, true, 5_000, 1),
            // Nothing comes after the end of a sealed shard.
            (3, ShardPhase::Sealed, true, 9_000, 0),
        ] {
            let next = Resume {
                log_index: read_to,
                ordinal: read_to,
            };
            let tip = Tip {
                end_index: 3,
                next_ordinal: 3,
                last_arrival: arrived,
                phase,
            };
            let batch = ReadBatch::from_parts(next, tip, [], &KeyRing::new());
            let mut batch = batch.expect("nothing is damaged");
            batch.may_be_behind = may_be_behind;
            let said = millis_behind_latest(&batch, Timestamp::from_millis(now));
            assert_eq!(said, behind, "{read_to} {phase:?} {may_be_behind} {now}");
        }
    }
}
