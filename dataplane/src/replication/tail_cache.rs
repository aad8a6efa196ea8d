//! The bound on recent log entries in memory, over all shards of the process.
//!
//! Each [`Journal`] holds its own recent entries; this keeps the order in which they came over all shards and says which
//! to give up when there are too many bytes. First in, first out: readers at the tip want the newest of every shard,
//! and a shard that nobody writes to gives way to those that are written.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

use super::Journal;

/// What an entry costs beside its bytes: its place in two queues and the reference counts of its buffer.
const ENTRY_OVERHEAD_BYTES: usize = 256;

/// The order and size of the recent entries of all shards.
#[derive(Debug)]
pub(crate) struct TailCache {
    bytes_max: usize,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: usize,
    entries: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    journal: Weak<Journal>,
    index: u64,
    bytes: usize,
}

impl TailCache {
    /// A cache of at most `bytes_max` bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            queue: Mutex::default(),
        }
    }

    /// Counts entry `index` of `journal`, and has the oldest entries of any shard given up while there is too much.
    pub(super) fn keep(&self, journal: &Weak<Journal>, index: u64, entry_bytes: usize) {
        let bytes = entry_bytes + ENTRY_OVERHEAD_BYTES;
        let mut given_up = Vec::new();
        {
            let mut queue = self.lock();
            queue.bytes += bytes;
            queue.entries.push_back(Kept {
                journal: journal.clone(),
                index,
                bytes,
            });
            while queue.bytes > self.bytes_max {
                let Some(oldest) = queue.entries.pop_front() else {
                    break;
                };
                queue.bytes -= oldest.bytes;
                given_up.push(oldest);
            }
        }
        // Outside the lock: a journal takes its own.
        for oldest in given_up {
            if let Some(journal) = oldest.journal.upgrade() {
                journal.give_up_through(oldest.index);
            }
        }
    }

    /// Bytes that are counted now.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
