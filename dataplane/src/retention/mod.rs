//! Giving back what nobody may read any longer: logs are trimmed by time, and their space returns to the file system.
//!
//! Knows no stream: the catalog says how long each shard's records are kept. What is hidden from readers does not wait
//! for this: a read is given the horizon too.

mod sweeper;

pub use sweeper::{Kept, Sweeper, Swept};
