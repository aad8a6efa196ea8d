//! Why a shard did not do what it was asked, by what the caller must do about it.

use anabranch_domain::{PodName, ShardId, shard_state::Refusal};
use anabranch_store::StoreError;

use crate::replication::LogError;

/// Why an append was not acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The shard takes no more records: ask who takes the range now, and append there. Nothing was written.
    #[error("the shard is sealed")]
    Sealed {
        /// Who does.
        children: Vec<ShardId>,
    },
    /// The shard takes no records yet: its parents are about to be sealed. Nothing was written.
    #[error("the shard is not activated yet")]
    NotActive,
    /// The disk is below its reserve: retry later. Nothing was written.
    #[error("storage is low")]
    StorageLow,
    /// Too many bytes wait to be written: retry after a pause. Nothing was written.
    #[error("{waiting_bytes} bytes wait to be written, the limit is {limit_bytes}")]
    Overloaded {
        /// Bytes that wait.
        waiting_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The shard no longer exists. Nothing was written.
    #[error("the shard is gone")]
    Gone,
    /// A record that no log entry can hold. Nothing was written.
    #[error("a record is too large for a log entry")]
    TooLarge,
    /// Another replica leads the shard, or none does yet: append there, or again. Nothing was written.
    #[error("this replica does not lead the shard")]
    NotLeader {
        /// Who does, if it is known.
        leader: Option<PodName>,
    },
    /// The log failed. Whether the records are there after the next start is not known; an attempt with the same token
    /// gets their numbers if they are.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The group stopped before the outcome was known; as with [`Self::Log`].
    #[error("the group stopped before the append was committed")]
    Unclear,
}

/// Why a shard was not sealed or activated.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ControlError {
    /// The command does not fit the shard's phase or epoch: it was overtaken, or came too early.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The shard no longer exists.
    #[error("the shard is gone")]
    Gone,
    /// Another replica leads the shard, or none does yet: say it there, or again.
    #[error("this replica does not lead the shard")]
    NotLeader {
        /// Who does, if it is known.
        leader: Option<PodName>,
    },
    /// The log failed: say it again, the command is idempotent.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The group stopped before the outcome was known: say it again.
    #[error("the group stopped before the command was committed")]
    Unclear,
}

/// Why nothing could be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The shard no longer exists.
    #[error("the shard is gone")]
    Gone,
    /// The disk failed, or stored bytes are damaged; the error names the shard and the entry.
    #[error(transparent)]
    Log(LogError),
}

impl From<LogError> for ReadError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Destroyed => Self::Gone,
            error => Self::Log(error),
        }
    }
}

impl From<anabranch_store::entry::EntryError> for ReadError {
    fn from(error: anabranch_store::entry::EntryError) -> Self {
        Self::Log(error.into())
    }
}

/// A failure that ends everything that waits for a group.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The shard was destroyed.
    Gone,
    /// Another replica leads, or none does yet.
    NotLeader(Option<PodName>),
    /// The log failed.
    Log(LogError),
    /// The group stopped and does not say why.
    Unclear,
}

impl Failure {
    /// The failure behind a group that stopped, if its log knows it.
    pub(super) fn of_log(error: Option<StoreError>) -> Self {
        error.map_or(Self::Unclear, |error| Self::Log(LogError::Store(error)))
    }
}

impl From<Failure> for AppendError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Gone => Self::Gone,
            Failure::NotLeader(leader) => Self::NotLeader { leader },
            Failure::Log(LogError::Store(StoreError::StorageLow { .. })) => Self::StorageLow,
            Failure::Log(LogError::Store(StoreError::Overloaded {
                waiting_bytes,
                limit_bytes,
            })) => Self::Overloaded {
                waiting_bytes,
                limit_bytes,
            },
            Failure::Log(error) => Self::Log(error),
            Failure::Unclear => Self::Unclear,
        }
    }
}

impl From<Failure> for ControlError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Gone => Self::Gone,
            Failure::NotLeader(leader) => Self::NotLeader { leader },
            Failure::Log(error) => Self::Log(error),
            Failure::Unclear => Self::Unclear,
        }
    }
}
