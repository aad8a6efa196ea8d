//! What the store tells whoever keeps the metrics. Plain facts: this crate knows no metrics library.

use std::time::Duration;

/// One group commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupFacts {
    /// Write sets that shared it.
    pub sets: usize,
    /// Bytes that they asked to write.
    pub bytes: usize,
    /// How long the first of them waited in the queue.
    pub queued: Duration,
    /// How long the write and its sync took.
    pub write: Duration,
    /// Whether it was written: it is on stable storage, or will be soon if it is lazy.
    pub durable: bool,
    /// Whether its writers were answered before it was synced.
    pub lazy: bool,
}

/// Hears of every group commit, on the commit thread: it must be as quick as a few counters.
pub trait StoreObserver: Send + Sync + 'static {
    /// A group was written, or could not be.
    fn group(&self, facts: &GroupFacts);

    /// A write set was refused before it was queued.
    fn refused(&self) {}
}
