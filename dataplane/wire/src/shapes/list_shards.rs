//! `ListShards`: lists the shards of a stream.

use crate::shapes::Shard;
use crate::structure::structure;
use crate::timestamp::Timestamp;

structure! {
    /// Lists the shards of a stream.
    ListShardsInput {
        /// Starts after this shard.
        exclusive_start_shard_id: Option<String> = "ExclusiveStartShardId": SHARD_ID,
        /// The most to be returned.
        max_results: Option<i32> = "MaxResults": LIST_SHARDS_INPUT_LIMIT,
        /// The token of the next page.
        next_token: Option<String> = "NextToken": NEXT_TOKEN,
        /// When the stream was created.
        stream_creation_timestamp: Option<Timestamp> = "StreamCreationTimestamp": TIMESTAMP,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME,
        /// Which shards to list.
        shard_filter: Option<ShardFilter> = "ShardFilter": SHARD_FILTER,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}

structure! {
    /// What `ListShards` answers.
    ListShardsOutput {
        /// The shards.
        shards: Option<Vec<Shard>> = "Shards": SHARD_LIST,
        /// The token of the next page.
        next_token: Option<String> = "NextToken": NEXT_TOKEN,
    }
}

structure! {
    /// Which shards are listed.
    ShardFilter {
        /// What the filter looks at.
        kind: String = "Type": SHARD_FILTER_TYPE,
        /// The shard to list after.
        shard_id: Option<String> = "ShardId": SHARD_ID,
        /// The moment to look at.
        timestamp: Option<Timestamp> = "Timestamp": TIMESTAMP,
    }
}
