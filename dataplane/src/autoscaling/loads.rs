//! A stream of the catalog as the decision sees it.

use anabranch_domain::autoscale::{Policy, Reading, ShardLoad, StreamLoads, WriteLimits};
use anabranch_domain::catalog::{Shard, Stream, StreamStatus};
use anabranch_domain::quota::{ON_DEMAND_SHARD_COUNT_DEFAULT, ON_DEMAND_SHARD_COUNT_MAX};

/// How many more shards there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// So many.
    For(u32),
    /// Nobody knows, or nothing bounds it.
    Unknown,
}

/// The open shards of a stream, with what was measured of each.
pub fn stream_loads(
    stream: &Stream,
    limits: WriteLimits,
    room: Room,
    mut reading: impl FnMut(&Shard) -> Option<Reading>,
) -> StreamLoads {
    let open = stream.open_shards.iter().filter_map(|(range, id)| {
        let shard = stream.shards.get(&id)?;
        Some(ShardLoad {
            id,
            range,
            opened_at: shard.opened_at.unwrap_or(shard.created),
            reading: reading(shard),
        })
    });
    StreamLoads {
        shards: open.collect(),
        limits,
        is_resharding: stream.status != StreamStatus::Active || stream.running_reshard().is_some(),
        room: match room {
            Room::For(count) => Some(count),
            Room::Unknown => None,
        },
    }
}

/// What holds for an on-demand stream of which nobody says more: AWS's four shards at least, and 200 at most.
pub(super) fn on_demand_policy(stream: &Stream, limits: &WriteLimits) -> Policy {
    Policy {
        warm_shards: warm_shards(stream, limits),
        ..Policy::new(ON_DEMAND_SHARD_COUNT_DEFAULT, ON_DEMAND_SHARD_COUNT_MAX)
    }
}

/// The shards that a stream's warm throughput needs.
pub(super) fn warm_shards(stream: &Stream, limits: &WriteLimits) -> u32 {
    let bytes = u64::from(stream.warm_throughput_mibps.unwrap_or(0)) << 20;
    let shards = limits
        .bytes_per_sec
        .map_or(0, |limit| bytes.div_ceil(limit.max(1)));
    u32::try_from(shards).unwrap_or(u32::MAX)
}
