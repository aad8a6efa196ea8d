//! `DataStream`: identity and shards for what is wished, reshards for what changed, and what is said of it.
//!
//! Activating, resharding, expiring and destroying are the node's own keeper's (`anabranch::lifecycle`), the same as in a
//! standalone node; here is what only a cluster has.

mod adoption;
mod observe;
mod plan;
mod reconcile;
mod status;

pub use reconcile::{Home, Round, Streams, reconcile, tell};
