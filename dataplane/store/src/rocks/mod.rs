//! The store on disk: RocksDB behind one group-commit thread.
//!
//! ```text
//! submit ─▶ queue (bounded) ─▶ commit thread: take all ─▶ one WriteBatch ─▶ one synced write ─▶ callbacks in order
//! get / head / scan ─────────▶ RocksDB on the caller's thread
//! ```
//!
//! Everything above this folder sees [`crate::Store`]; nothing outside of it names `rocksdb`.

mod commit_thread;
mod data_dir;
mod fault;
mod observer;
mod open;
mod options;
mod queue;
mod read;
mod release;
mod reserve;
mod rocks_store;
mod torn_tail;
mod tuning;
mod witness;

pub use commit_thread::LAZY_MAX;
pub use data_dir::{DataDirUid, FORMAT};
pub use observer::{GroupFacts, StoreObserver};
pub use options::{ReserveSize, RocksOptions};
pub use rocks_store::RocksStore;
