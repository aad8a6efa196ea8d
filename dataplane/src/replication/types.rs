//! The types that the Raft library is made of here.

use std::fmt;

use anabranch_domain::{PodName, shard_state::Applied};
use anabranch_store::entry::{Draft, Entry, Position};
use openraft::{OptionalSend, RaftTypeConfig, alias::LogIdOf, vote::RaftLeaderIdExt};

use super::Commitment;

/// One group a shard, nodes by number, log entries in the store's own bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Types;

impl RaftTypeConfig for Types {
    type D = Proposal;
    type R = Outcome;
    type NodeId = u64;
    type Node = Host;
    type Term = u64;
    type LeaderId = openraft::impls::leader_id_adv::LeaderId<u64, u64>;
    type Vote = openraft::impls::Vote<Self::LeaderId>;
    type Payload = openraft::EntryPayload<Proposal, u64, Host>;
    type Entry = openraft::Entry<Self::LeaderId, Self::Payload>;
    type AsyncRuntime = openraft::impls::TokioRuntime;
    type Responder<T>
        = Commitment<T>
    where
        T: OptionalSend + 'static;
    type Batch<T>
        = openraft::impls::InlineBatch<T>
    where
        T: OptionalSend + 'static;
    type ErrorSource = openraft::impls::BoxedErrorSource;
}

/// Where a replica's disk is mounted: its pod. None where a process has no peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Host(pub(crate) Option<PodName>);

/// A log id of the library.
pub(super) type LogId = LogIdOf<Types>;
/// A log entry of the library.
pub(super) type LogEntry =
    openraft::Entry<<Types as RaftTypeConfig>::LeaderId, <Types as RaftTypeConfig>::Payload>;
/// A log entry's payload.
pub(super) type Payload = <Types as RaftTypeConfig>::Payload;
/// The voters.
pub(super) type Membership = openraft::Membership<u64, Host>;
/// The voters, and the log entry that made them so.
pub(super) type StoredMembership = openraft::alias::StoredMembershipOf<Types>;
/// Who leads, or who is wanted to.
pub(super) type Vote = <Types as RaftTypeConfig>::Vote;

/// The library's name for a position in a log.
pub(super) fn log_id(position: Position) -> LogId {
    let leader = <Types as RaftTypeConfig>::LeaderId::new_committed(position.term, position.leader);
    LogId::new(leader, position.index)
}

/// A position in a log, by the library's name for it.
pub(super) fn position(log_id: &LogId) -> Position {
    Position {
        term: log_id.leader_id.term,
        leader: log_id.leader_id.node_id,
        index: log_id.index,
    }
}

/// What goes through the library as application data.
#[derive(Debug)]
pub(crate) enum Proposal {
    /// Made by this leader; the library gives it its place in the log.
    Draft(Draft),
    /// Read back from the log.
    Read(Entry),
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let envelope = match self {
            Self::Draft(draft) => draft.envelope(),
            Self::Read(entry) => entry.envelope(),
        };
        write!(
            f,
            "{:?} of {} at ordinal {}",
            envelope.kind, envelope.record_count, envelope.first_ordinal
        )
    }
}

/// What came of an entry once it was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What the shard's state made of it.
    pub(crate) applied: Applied,
}
