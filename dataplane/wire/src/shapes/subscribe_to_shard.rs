//! `SubscribeToShard`: has the records of a shard pushed.

use super::get_records::ENVELOPE_BYTES;
use crate::codec::Codec;
use crate::shapes::{ChildShard, Record};
use crate::structure::structure;
use crate::text::Text;
use crate::timestamp::Timestamp;

structure! {
    /// Has the records of a shard pushed.
    SubscribeToShardInput {
        /// The ARN of the consumer.
        consumer_arn: String = "ConsumerARN": CONSUMER_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// The shard.
        shard_id: String = "ShardId": SHARD_ID,
        /// Where to start.
        starting_position: StartingPosition = "StartingPosition": STARTING_POSITION,
        /// Checks everything and does nothing.
        dry_run: Option<bool> = "DryRun": BOOLEAN_OBJECT,
    }
}

structure! {
    /// One event of a subscription.
    SubscribeToShardEvent {
        /// The records.
        records: Vec<Record> = "Records": RECORD_LIST,
        /// Where the next subscription goes on.
        /// AWS's model calls it required and AWS leaves it out at a shard's end, where `ChildShards` stand in its place: the
        /// KCL refuses an event with both.
        continuation_sequence_number: Option<Text> = "ContinuationSequenceNumber": SEQUENCE_NUMBER,
        /// How far the reader is behind the tip, in milliseconds.
        millis_behind_latest: i64 = "MillisBehindLatest": MILLIS_BEHIND_LATEST,
        /// The shards that follow, at the end of a closed one.
        child_shards: Option<Vec<ChildShard>> = "ChildShards": CHILD_SHARD_LIST,
    }
}

structure! {
    /// Where a subscription starts.
    StartingPosition {
        /// How the position is given.
        kind: String = "Type": SHARD_ITERATOR_TYPE,
        /// The sequence number to start at or after.
        sequence_number: Option<String> = "SequenceNumber": SEQUENCE_NUMBER,
        /// The moment to start at.
        timestamp: Option<Timestamp> = "Timestamp": TIMESTAMP,
    }
}

impl SubscribeToShardEvent {
    /// About how many bytes this takes on the wire, never much too few: see [`encode_sized`](crate::encode_sized).
    pub fn encoded_bytes(&self, codec: Codec) -> usize {
        let records: usize = self
            .records
            .iter()
            .map(|record| record.encoded_bytes(codec))
            .sum();
        records + ENVELOPE_BYTES
    }
}
