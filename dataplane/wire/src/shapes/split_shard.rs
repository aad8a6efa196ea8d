//! `SplitShard`: splits a shard in two.

use crate::structure::structure;

structure! {
    /// Splits a shard in two.
    SplitShardInput {
        /// Where the second child begins.
        new_starting_hash_key: String = "NewStartingHashKey": HASH_KEY,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The shard to split.
        shard_to_split: String = "ShardToSplit": SHARD_ID,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
