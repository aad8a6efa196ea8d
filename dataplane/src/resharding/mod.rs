//! Carries out reshards: splits and merges of shards that take records all the while.
//!
//! ```text
//!            catalog                          shards' logs                        catalog
//!   Begin: children written down,   Form children → Seal parents →     Finish: children Open,
//!          parents Sealing          Activate children                          parents Closed
//! ```
//!
//! Owns only the driving: what is to be done next is `anabranch_domain::reshard`'s to say, from the catalog and from what
//! the logs say of themselves. Nothing is remembered here, so a process that dies between any two steps is followed by one
//! that asks again and goes on. Refuses to know who asked for a reshard: `SplitShard`, `MergeShards`, `UpdateShardCount` and
//! manifests make the same object.
//!
//! Invariant: every step may be taken twice, and one that was overtaken is refused by the epoch that it carries.

mod executor;
pub mod failpoints;
mod registry_logs;
mod shard_logs;

pub use executor::{Executor, ReshardError};
pub use shard_logs::{LogsError, Member, ShardLogs};

#[cfg(test)]
mod executor_test;
