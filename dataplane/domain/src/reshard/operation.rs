//! One split or merge, and which of them a reshard wants now.

use std::num::NonZeroU32;

use super::{boundaries, uniform};
use crate::catalog::{Reshard, ReshardKind, ReshardStatus, ShardStatus, Stream};
use crate::quota::RESHARD_OPERATIONS_AT_ONCE_MAX;
use crate::{HashKey, ShardId};

/// A split or merge of shards that take records now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// One becomes two.
    Split {
        /// The one.
        shard: ShardId,
        /// Where the second of the two begins.
        at: HashKey,
    },
    /// Two become one.
    Merge {
        /// The one with the lower hash keys.
        left: ShardId,
        /// The one directly after it.
        right: ShardId,
    },
}

impl Operation {
    /// The shards that it ends, by hash key.
    pub fn parents(self) -> impl Iterator<Item = ShardId> {
        let (first, second) = match self {
            Self::Split { shard, .. } => (shard, None),
            Self::Merge { left, right } => (left, Some(right)),
        };
        std::iter::once(first).chain(second)
    }

    /// How many shards it makes.
    pub const fn child_count(self) -> usize {
        match self {
            Self::Split { .. } => 2,
            Self::Merge { .. } => 1,
        }
    }

    pub(crate) const fn first_shard(self) -> ShardId {
        match self {
            Self::Split { shard, .. } => shard,
            Self::Merge { left, .. } => left,
        }
    }
}

/// What can be begun now, so many as may run beside those that are under way. Empty when everything was begun.
pub fn next_operations(stream: &Stream, reshard: &Reshard) -> Vec<Operation> {
    if matches!(reshard.status, ReshardStatus::Done { .. }) {
        return Vec::new();
    }
    let room = RESHARD_OPERATIONS_AT_ONCE_MAX.saturating_sub(reshard.running.len());
    let is_untouched = reshard.running.is_empty() && reshard.operations_done == 0;
    let is_free = |id: ShardId| {
        stream
            .shards
            .get(&id)
            .is_some_and(|it| it.status == ShardStatus::Open)
    };
    match &reshard.kind {
        &ReshardKind::Split {
            shard,
            new_starting_hash_key,
        } => {
            let split = Operation::Split {
                shard,
                at: new_starting_hash_key,
            };
            if is_untouched {
                vec![split]
            } else {
                Vec::new()
            }
        }
        &ReshardKind::Merge { shard, adjacent } => {
            let merge = Operation::Merge {
                left: shard,
                right: adjacent,
            };
            if is_untouched {
                vec![merge]
            } else {
                Vec::new()
            }
        }
        &ReshardKind::Uniform { target } => {
            let Some(target) = NonZeroU32::new(target) else {
                return Vec::new();
            };
            let shards: Vec<_> = stream.open_shards.iter().collect();
            let wanted = uniform::operations(&shards, target);
            wanted
                .filter(|operation| operation.parents().all(is_free))
                .take(room)
                .collect()
        }
        ReshardKind::Boundaries { added, removed } => {
            let shards: Vec<_> = stream.open_shards.iter().collect();
            let wanted = boundaries::operations(&shards, added, removed).into_iter();
            wanted
                .filter(|operation| operation.parents().all(is_free))
                .take(room)
                .collect()
        }
    }
}
