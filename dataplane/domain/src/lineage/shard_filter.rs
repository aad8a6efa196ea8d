//! Which shards `ListShards` gives: [ShardFilter](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html).
//! A shard that never took a record is not there yet for anyone who asks; one whose records have all expired is not there any more.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::{Shard, Stream};
use crate::retention::trim_horizon;
use crate::{ShardId, Timestamp};

/// Which shards are asked for. Also inside of a listing's sealed token, for five minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShardFilter {
    /// Those with a greater id.
    AfterShardId(ShardId),
    /// Those that took records at the trim horizon.
    AtTrimHorizon,
    /// Those that may still have records.
    #[default]
    FromTrimHorizon,
    /// Those that take records now.
    AtLatest,
    /// Those that took records at that time.
    AtTimestamp(Timestamp),
    /// Those that took records at that time or since.
    FromTimestamp(Timestamp),
}

impl ShardFilter {
    /// The shards of the stream that are asked for, in the order of their ids. `now` says where the trim horizon is: a time
    /// before it, or before the stream, is taken for it, as AWS does.
    pub fn shards(self, stream: &Stream, now: Timestamp) -> impl Iterator<Item = &Arc<Shard>> {
        let horizon = trim_horizon(now, stream.retention_hours);
        let first_opened = stream
            .shards
            .values()
            .filter_map(|shard| shard.opened_at)
            .min()
            .unwrap_or(horizon);
        let earliest = horizon.max(first_opened);
        let is_there = move |shard: &&Arc<Shard>| {
            shard.opened_at.is_some() && shard.closed_at().is_none_or(|closed| closed >= horizon)
        };
        stream
            .shards
            .values()
            .filter(is_there)
            .filter(move |shard| match self {
                Self::AfterShardId(id) => shard.id > id,
                Self::FromTrimHorizon => true,
                Self::AtLatest => shard.closed_at().is_none(),
                Self::AtTrimHorizon => shard.was_open_at(earliest),
                Self::AtTimestamp(time) => shard.was_open_at(time.max(earliest)),
                Self::FromTimestamp(time) => shard
                    .closed_at()
                    .is_none_or(|closed| closed > time.max(earliest)),
            })
    }
}
