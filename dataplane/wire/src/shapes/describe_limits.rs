//! `DescribeLimits`: tells the limits of the account.

use crate::structure::structure;

structure! {
    /// Tells the limits of the account.
    DescribeLimitsInput {}
}

structure! {
    /// What `DescribeLimits` answers.
    DescribeLimitsOutput {
        /// The most shards that the account may have open.
        shard_limit: i32 = "ShardLimit": SHARD_COUNT_OBJECT,
        /// The number of open shards.
        open_shard_count: i32 = "OpenShardCount": SHARD_COUNT_OBJECT,
        /// The number of on-demand streams.
        on_demand_stream_count: i32 = "OnDemandStreamCount": ON_DEMAND_STREAM_COUNT_OBJECT,
        /// The most on-demand streams that the account may have.
        on_demand_stream_count_limit: i32 = "OnDemandStreamCountLimit": ON_DEMAND_STREAM_COUNT_LIMIT_OBJECT,
        /// The number of channels.
        channel_count: Option<i32> = "ChannelCount": CHANNEL_COUNT_OBJECT,
        /// The most channels that the account may have.
        channel_count_limit: Option<i32> = "ChannelCountLimit": CHANNEL_COUNT_OBJECT,
    }
}
