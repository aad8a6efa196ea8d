//! One object a change of a stream's shards: who asked for what and why, and what is under way. Kept for a while when done.
//! Holds only the operations that are under way: what is left to do follows from the shards ([`crate::reshard`]), so the
//! object stays small however many shards there are.

use serde::{Deserialize, Serialize};

use crate::{HashKey, ShardId, Timestamp};

/// A reshard's number in its stream.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ReshardId(u64);

impl ReshardId {
    /// The reshard with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }

    pub(super) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::fmt::Display for ReshardId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum ReshardKind {
    /// Two shards for one.
    Split {
        /// The one.
        shard: ShardId,
        /// Where the second of the two begins.
        new_starting_hash_key: HashKey,
    },
    /// One shard for two neighbours.
    Merge {
        /// The one with the lower hash keys.
        shard: ShardId,
        /// The one directly after it.
        adjacent: ShardId,
    },
    /// So many shards of equal size.
    Uniform {
        /// How many.
        target: u32,
    },
    /// Shards that begin elsewhere.
    Boundaries {
        /// Where they are to begin that begin nowhere now; growing.
        #[serde(default)]
        added: Vec<HashKey>,
        /// Where they begin and are not to; growing.
        #[serde(default)]
        removed: Vec<HashKey>,
    },
}

/// Whether it is still under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status")]
pub enum ReshardStatus {
    /// There is something left to do.
    Running,
    /// Nothing is left to do.
    Done {
        /// Since when.
        finished_at: Timestamp,
    },
}

/// One split or merge that was begun and not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningOperation {
    /// Its number in the stream; what every command of it carries, so that an old executor can undo nothing.
    pub epoch: u64,
    /// The shards that are to be sealed, by hash key.
    pub parents: Vec<ShardId>,
    /// The shards that take over, by hash key.
    pub children: Vec<ShardId>,
}

/// A change of a stream's shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reshard {
    /// Its number in the stream.
    pub id: ReshardId,
    /// What was asked for.
    pub kind: ReshardKind,
    /// Who asked and, where a policy decided, by which numbers.
    pub reason: String,
    /// When it was accepted.
    pub created: Timestamp,
    /// Whether it is still under way.
    pub status: ReshardStatus,
    /// How many shards took records when it was accepted.
    pub shard_count_before: u32,
    /// Its splits and merges that are under way.
    #[serde(default)]
    pub running: Vec<RunningOperation>,
    /// How many of its splits and merges are done.
    #[serde(default)]
    pub operations_done: u32,
}

impl Reshard {
    /// The operation with this epoch, if it is under way.
    pub fn operation(&self, epoch: u64) -> Option<&RunningOperation> {
        self.running
            .iter()
            .find(|operation| operation.epoch == epoch)
    }
}
