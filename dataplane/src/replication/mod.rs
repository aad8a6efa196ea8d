//! One Raft group a shard: the shard's log is the group's log, and the log is the stream.
//!
//! Owns the only use of the `openraft` library. Knows nothing of appends that are gathered, limits or requests: a
//! [`Group`] is handed finished entries and says when each was committed and applied.
//!
//! ```text
//!  shard ── propose ──► Group ──► openraft core ── append ──► LogStore ──► store (group commit)
//!    ▲                                  ▲                                         │
//!    └── Commitment ◄── StateMachine ◄──┴────────────── IOFlushed ◄───────────────┘
//! ```
//!
//! **Invariants.** An entry is answered for only after it is on stable storage and applied. A group that nobody proposes
//! to has no task, no timer and no open channel. Records are in the log and nowhere else; the state machine is a few
//! integers that follow from the log's last entry.

mod birth;
mod catch_up;
mod commitment;
mod founding;
mod group;
mod joining;
mod journal;
mod lag;
mod leadership;
mod log_state;
mod log_store;
mod membership;
mod membership_bytes;
mod mending;
mod network;
mod peers;
mod read_index;
mod receiving;
mod record;
mod recovery;
mod state_machine;
mod tail_cache;
mod types;
mod unsettled;

pub use birth::Birth;
pub use catch_up::CatchUp;
pub(crate) use commitment::Commitment;
pub use founding::{Founding, ReplicaId};
pub use group::Group;
pub(crate) use group::{Footing, GroupSettings};
pub(crate) use journal::Journal;
pub use journal::Tip;
pub use mending::Damage;
pub(crate) use mending::{Mended, Met};
pub use peers::{Directory, Locate, Peers, RaftServer};
pub(crate) use record::ShardSnapshot;
pub use recovery::LogError;
pub(crate) use recovery::PIPELINE_ENTRIES_MAX;
pub(crate) use state_machine::StateMachine;
pub(crate) use tail_cache::TailCache;
pub(crate) use types::{Outcome, Proposal, Types};

/// A snapshot on its way: the bytes of a [`ShardSnapshot`].
#[derive(Clone, Debug)]
pub(crate) struct SnapshotBytes(Vec<u8>);

#[cfg(test)]
mod conformance_test;
