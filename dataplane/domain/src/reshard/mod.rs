//! Changing a stream's shards without a failed put: what to do next, worked out from facts. Does nothing itself.
//!
//! ```text
//! begin (catalog: children written down, parents Sealing)
//!   → form the children's logs → seal the parents' logs → activate the children's logs
//! → finish (catalog: children Open, parents Closed)
//! ```
//!
//! Nothing is remembered between steps but the catalog and the shards' own logs, so an executor that dies anywhere is
//! resumed by asking again, and asking again after the last step gives nothing. Operations that touch different shards run
//! at the same time.
//!
//! **Invariant:** an operation is only ever planned for shards that are `Open`, and each shard is in one operation at most.

mod boundaries;
mod operation;
mod step;
mod uniform;

pub use operation::{Operation, next_operations};
pub use step::{ShardFacts, Step, next_steps};

#[cfg(test)]
mod reshard_test;
