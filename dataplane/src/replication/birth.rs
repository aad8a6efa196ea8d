//! How a shard comes into the world: decided by the catalog, needed once, when its group is first used.

use anabranch_domain::catalog::Shard;
use anabranch_domain::{ShardPhase, Timestamp};

/// What a shard is before its first log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    /// Whether it takes records at once, or waits for its parents' seal.
    pub phase: ShardPhase,
    /// No record of it arrives before this: its own creation.
    pub arrival_floor: Timestamp,
}

impl Birth {
    /// A shard that takes records at once.
    pub const fn open(created: Timestamp) -> Self {
        Self {
            phase: ShardPhase::Open,
            arrival_floor: created,
        }
    }

    /// How this shard of the catalog came into the world: a child waits until its parents are sealed.
    pub fn of(shard: &Shard) -> Self {
        if shard.parent.is_some() {
            Self::awaiting_activation(shard.created)
        } else {
            Self::open(shard.created)
        }
    }

    /// The child of shards that are not sealed yet.
    pub const fn awaiting_activation(created: Timestamp) -> Self {
        Self {
            phase: ShardPhase::AwaitingActivation,
            arrival_floor: created,
        }
    }
}
