//! `MergeShards`: merges two adjacent shards.

use crate::structure::structure;

structure! {
    /// Merges two adjacent shards.
    MergeShardsInput {
        /// The first of the two shards.
        shard_to_merge: String = "ShardToMerge": SHARD_ID,
        /// The second of the two shards.
        adjacent_shard_to_merge: String = "AdjacentShardToMerge": SHARD_ID,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
