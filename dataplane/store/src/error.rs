//! Why the store refused or failed, by what the caller must do about it.

use std::{path::PathBuf, sync::Arc};

use crate::{Family, keys::LogKey};

/// What the disk did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskFault {
    /// No space left, quota exceeded. The store recovers by itself when there is space again.
    NoSpace,
    /// The file system is read-only.
    ReadOnly,
    /// Any other input or output error.
    Io,
}

/// A refusal or failure of the store. Cheap to clone: one failed group commit answers every writer in it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting to be written: retry after a pause. Nothing was written.
    #[error("{waiting_bytes} bytes wait to be written, the limit is {limit_bytes}")]
    Overloaded {
        /// Bytes in the queue.
        waiting_bytes: u64,
        /// The bound of the queue.
        limit_bytes: u64,
    },
    /// The disk is below its reserve: retry later; trims and small control writes go on. Nothing was written.
    #[error("storage is low: {free_bytes} bytes free, {reserve_bytes} are kept in reserve")]
    StorageLow {
        /// Free bytes of the file system.
        free_bytes: u64,
        /// The bytes below which puts are refused.
        reserve_bytes: u64,
    },
    /// The store is shutting down. Nothing was written.
    #[error("the store is closed")]
    Closed,
    /// The disk failed. Whether the write is there after the next start is unknown: it was not acknowledged.
    #[error("{doing}: {detail}")]
    Disk {
        /// What was tried, in the present tense.
        doing: &'static str,
        /// What kind of failure.
        fault: DiskFault,
        /// RocksDB's or the system's own words.
        detail: Arc<str>,
    },
    /// Bytes on disk are not what was written: repair from another replica, never skip.
    #[error("{doing} in {}{}: corrupt: {detail}", family.name(), place(*entry))]
    Corrupt {
        /// What was tried, in the present tense.
        doing: &'static str,
        /// Where.
        family: Family,
        /// Which log entry, when it was one and its key is known.
        entry: Option<LogKey>,
        /// RocksDB's own words.
        detail: Arc<str>,
    },
    /// Another process has the data directory open.
    #[error("{} is in use by {}", path.display(), owner(*pid))]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// Who holds it, when it said so.
        pid: Option<u32>,
    },
    /// The data directory was written by a newer release: start that release instead.
    #[error("{} has data format {found}; this release reads up to {supported}", path.display())]
    NewerFormat {
        /// The data directory.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this release reads.
        supported: u32,
    },
    /// The directory is not one of ours, or its marker file is damaged.
    #[error("{} is not a data directory: {detail}", path.display())]
    NotADataDirectory {
        /// The data directory.
        path: PathBuf,
        /// What is wrong with it.
        detail: Arc<str>,
    },
}

fn place(entry: Option<LogKey>) -> String {
    let text = |key: LogKey| format!(", entry {} of shard {}", key.index, key.shard);
    entry.map(text).unwrap_or_default()
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}

impl StoreError {
    /// Whether the same write may succeed later without anybody's help but time's.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Overloaded { .. } | Self::StorageLow { .. } => true,
            Self::Disk { fault, .. } => *fault == DiskFault::NoSpace,
            _ => false,
        }
    }
}
