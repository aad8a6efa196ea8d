//! What follows from changes of the catalog, without anybody asking again: new streams become active, deleted ones go,
//! reshards are carried out, consumers come and go, and shards whose last record has expired are forgotten.
//!
//! ```text
//! catalog (watch) ──▶ duty::of (pure) ──▶ perform, one task a stream ──▶ catalog
//!        ▲                                                                  │
//!        └──────────────────────── again, until nothing is left ────────────┘
//! ```
//!
//! Owns when and for whom; what a step does is the catalog's and the shards'. Nothing is remembered but how long to wait
//! after a failure, so a process that dies is followed by one that sees the same duties.
//!
//! Invariant: at most one task works for a stream at a time.

mod duty;
pub mod failpoints;
mod keeper;
mod perform;

pub use duty::Duty;
pub use keeper::Keeper;
pub use perform::DutyError;
