//! Where shards' replicas go: pods of their pool, spread over nodes and zones and evenly, and moved as little as can be.
//!
//! Pure: wishes and observations in, the pods that each shard is wanted on out. Nothing is remembered between two looks:
//! how far a move is follows from where a shard is wanted, who votes and who leads.
//!
//! ```text
//! a replica moves from B to D:   A B C ──► A B C D ──► (all vote) ──► (somebody who stays leads) ──► A C D
//! B is gone for good:            A B C ──► A C D, while A and C are a majority
//! ```

mod leaders;
mod loads;
mod moves;
mod plan;
mod pool;
mod size;

pub use moves::{Cause, Change, moves};
pub use plan::{adjust, plan};
pub use pool::{Placed, Pool, Presence, Seat, Stage};
pub use size::{Bounds, size};

#[cfg(test)]
mod moves_test;
