//! Ordered bytes on disk: three column families behind one [`Store`] trait, with one group commit for all writers.
//!
//! Owns the bytes that outlive a process: keys ([`keys`]), log entries ([`entry`]) and the directory they lie in.
//! Knows no Raft, no API and no async runtime beyond one oneshot channel.
//!
//! Invariants: `done` is called only after the write set is on stable storage, unless it is lazy; write sets become durable in the order
//! in which they were submitted; bytes once written decode for ever (`tests/golden`).

pub mod entry;
mod error;
pub mod failpoints;
mod family;
mod key_range;
pub mod keys;
mod memory;
mod rocks;
mod store;
mod usage;
mod write_set;

pub use error::{DiskFault, StoreError};
pub use family::Family;
pub use key_range::KeyRange;
pub use memory::MemoryStore;
pub use rocks::{
    DataDirUid, FORMAT, GroupFacts, LAZY_MAX, ReserveSize, RocksOptions, RocksStore, StoreObserver,
};
pub use store::{Done, Order, Store, commit};
pub use usage::{Reserve, Usage};
pub use write_set::{Operation, WriteSet};
