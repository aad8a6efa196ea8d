//! `ShardPool`: pods with disks, as many as the shards placed on them need.

mod apply;
mod observe;
mod plan;
mod reconcile;
mod status;

pub use reconcile::{Pools, reconcile};
