//! The good answers of a shard.

use anabranch_domain::{ShardId, ShardPhase, ShardState, Timestamp};

/// The numbers of an append that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The ordinal of its first record; the others follow without gaps.
    pub first_ordinal: u64,
    /// When all of its records arrived.
    pub arrival: Timestamp,
}

/// The shard after a control command that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its phase.
    pub phase: ShardPhase,
    /// The epoch of the last command.
    pub epoch: u64,
    /// How many records it ever got; the ordinal after its last one.
    pub next_ordinal: u64,
    /// No record of it arrived later, and none of its children's may arrive earlier.
    pub last_arrival: Timestamp,
    /// Where the records go on, once it is sealed.
    pub children: Vec<ShardId>,
}

impl Settled {
    /// The facts of `state`.
    pub(super) fn of(state: &ShardState) -> Self {
        Self {
            phase: state.phase,
            epoch: state.epoch,
            next_ordinal: state.next_ordinal,
            last_arrival: state.last_arrival,
            children: state.children.clone(),
        }
    }
}
