//! What can happen to a shard's actor, and what it can want done: the full list of both.

use anabranch_domain::{ShardId, Timestamp};
use anabranch_store::entry::Draft;

use super::{
    Append,
    admission::Permit,
    error::Failure,
    reply::{AppendReply, ControlReply},
};
use crate::replication::{Footing, LogError, Outcome};

/// Something happened.
#[derive(Debug)]
pub(super) enum Event {
    /// Records came in.
    Append {
        append: Append,
        permit: Permit,
        reply: AppendReply,
    },
    /// The shard is to be sealed or activated.
    Control {
        command: Control,
        reply: ControlReply,
    },
    /// Another replica leads, or may: what is in flight is not heard of here.
    Deposed,
    /// Nobody leads the shard any longer, and this replica is to try.
    Lead,
    /// The group runs and is led from here, or not.
    Started(Result<Footing, LogError>),
    /// A proposed entry was applied; or the group stopped, for `failure`, before that.
    Told {
        ticket: u64,
        outcome: Result<Outcome, Failure>,
    },
    /// The group stopped.
    Stopped,
    /// Nothing was proposed for a while.
    Idle,
    /// The shard's bytes are about to be removed.
    Destroyed,
}

/// A command that begins or ends a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// No record after this.
    Seal { epoch: u64, children: Vec<ShardId> },
    /// Records from here on, none arriving before `floor`.
    Activate { epoch: u64, floor: Timestamp },
}

/// Something to do.
#[derive(Debug)]
pub(super) enum Action {
    /// Start the group: something waits to be proposed.
    Start,
    /// Propose an entry, and say what came of `ticket`.
    Propose { ticket: u64, draft: Draft },
    /// Stop the group: it costs memory, and nothing is proposed.
    Stop,
    /// Stop the group after a failure, and have its log read again before it is started.
    StopFailed,
}
