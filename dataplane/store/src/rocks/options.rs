//! What may be chosen about a store. Everything else is decided in `tuning`.

use std::{fmt, sync::Arc};

use super::{observer::StoreObserver, tuning};

const MIB: u64 = 1024 * 1024;

/// How much of the file system is kept free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveSize {
    /// 5 % of the file system, at least 256 MiB and at most 1 GiB, but never more than a quarter of it.
    Share,
    /// So many bytes.
    Bytes(u64),
}

impl ReserveSize {
    /// The reserve on a file system of `total_bytes`.
    pub fn of(self, total_bytes: u64) -> u64 {
        match self {
            Self::Share => (total_bytes / 20)
                .clamp(256 * MIB, 1024 * MIB)
                .min(total_bytes / 4),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Choices about a store; `default()` suits a node that serves a few hundred shards.
#[derive(Clone)]
pub struct RocksOptions {
    /// Free bytes below which puts are refused.
    pub reserve: ReserveSize,
    /// Bytes of log entries that are collected in memory before they go to a blob file.
    pub memtable_bytes: usize,
    /// Bytes of the cache of index and data blocks. Log entries do not go through it.
    pub block_cache_bytes: usize,
    /// Bound of the queue in front of the commit thread, in bytes.
    pub queue_bytes: usize,
    /// Bound of the queue, in write sets.
    pub queue_sets: usize,
    /// Bytes after which a group takes no further write set.
    pub group_bytes: usize,
    /// Table and blob files that are kept open.
    pub open_files: u32,
    /// Hears of every group commit.
    pub observer: Option<Arc<dyn StoreObserver>>,
}

impl RocksOptions {
    /// The least reserve with which a full disk stays workable: trims and deletes, which give space back, need room for
    /// themselves first. That is a flush of everything in memory (the entries and four families of small values), and
    /// one blob file that is rewritten before what it replaces is unlinked.
    pub const fn reserve_bytes_min(&self) -> u64 {
        let in_memory = self.memtable_bytes + 4 * tuning::SMALL_MEMTABLE_BYTES;
        in_memory as u64 + tuning::BLOB_FILE_BYTES
    }
}

impl Default for RocksOptions {
    fn default() -> Self {
        Self {
            reserve: ReserveSize::Share,
            memtable_bytes: 64 << 20,
            block_cache_bytes: 16 << 20,
            // A second's worth of a fast disk: more only makes the wait longer.
            queue_bytes: 256 << 20,
            queue_sets: 65_536,
            group_bytes: 4 << 20,
            open_files: 512,
            observer: None,
        }
    }
}

impl fmt::Debug for RocksOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocksOptions")
            .field("reserve", &self.reserve)
            .field("memtable_bytes", &self.memtable_bytes)
            .field("block_cache_bytes", &self.block_cache_bytes)
            .field("queue_bytes", &self.queue_bytes)
            .field("queue_sets", &self.queue_sets)
            .field("group_bytes", &self.group_bytes)
            .field("open_files", &self.open_files)
            .finish_non_exhaustive()
    }
}
