//! `GetShardIterator`: finds a place in a shard.

use crate::structure::structure;
use crate::timestamp::Timestamp;

structure! {
    /// Finds a place in a shard.
    GetShardIteratorInput {
        /// The shard.
        shard_id: String = "ShardId": SHARD_ID,
        /// How the position is given.
        shard_iterator_type: String = "ShardIteratorType": SHARD_ITERATOR_TYPE,
        /// The first sequence number.
        starting_sequence_number: Option<String> = "StartingSequenceNumber": SEQUENCE_NUMBER,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The moment to start at.
        timestamp: Option<Timestamp> = "Timestamp": TIMESTAMP,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// Checks everything and does nothing.
        dry_run: Option<bool> = "DryRun": BOOLEAN_OBJECT,
    }
}

structure! {
    /// What `GetShardIterator` answers.
    GetShardIteratorOutput {
        /// Where to read from.
        shard_iterator: Option<String> = "ShardIterator": SHARD_ITERATOR,
    }
}
