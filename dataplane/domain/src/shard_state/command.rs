//! What can happen to a shard, and what came of it. These travel in the log; the records themselves travel beside them.

use serde::{Deserialize, Serialize};

use crate::{ShardId, Timestamp};

/// Marks one attempt to append, made by whoever sends it: a retry of the same append carries the same token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppendToken(u128);

impl AppendToken {
    /// The token with these bits; the caller answers for drawing them at random.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits it was made from.
    pub const fn to_bits(self) -> u128 {
        self.0
    }
}

/// One of the appends that a log entry brings together, if it carries a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenOfAppend {
    /// Its token.
    pub token: AppendToken,
    /// Its first record's place in the entry, counted from 0.
    pub first_record: u32,
}

/// One entry of a shard's log, without its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardCommand {
    /// Records arrive.
    Append {
        /// The ordinal that the leader gave the first one.
        first_ordinal: u64,
        /// When they arrived.
        arrival: Timestamp,
        /// How many they are.
        record_count: u32,
        /// The tokens of the appends that they came by.
        tokens: Vec<TokenOfAppend>,
    },
    /// No record after this one; `children` take over.
    Seal {
        /// The reshard's generation.
        epoch: u64,
        /// Which shards take over.
        children: Vec<ShardId>,
    },
    /// The parents are sealed: records may come.
    Activate {
        /// The reshard's generation.
        epoch: u64,
    },
    /// Nothing: a leader's first entry, or a membership.
    Blank,
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a refused command must be answered as such"]
pub enum Applied {
    /// The records have the ordinals from here on.
    Appended {
        /// The first record's ordinal.
        first_ordinal: u64,
    },
    /// One of its appends had been applied before. The whole entry counts for nothing: a leader looks tokens up before
    /// it proposes ([`super::RecentAppends::find`]), so this only tells it that it did not.
    Duplicate {
        /// The ordinal of that append's first record.
        first_ordinal: u64,
    },
    /// The command changed nothing.
    Refused(Refusal),
    /// A command that is no append was applied, now or before.
    Done,
}

/// Why a command changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The shard takes no records any more.
    #[error("the shard is sealed")]
    Sealed,
    /// The shard takes no records yet.
    #[error("the shard is not activated yet")]
    NotActive,
    /// The append was numbered before another one was applied.
    #[error("the append does not begin at ordinal {expected}")]
    StaleOrdinal {
        /// Where it would have to begin.
        expected: u64,
    },
    /// A reshard that was overtaken by a newer one.
    #[error("the command is older than epoch {current}")]
    StaleEpoch {
        /// The newer one's epoch.
        current: u64,
    },
}
