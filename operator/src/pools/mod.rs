//! `ShardPool`: pods with disks, as many as the shards placed on them need, and disks as large as wished.

mod apply;
mod observe;
mod plan;
mod reconcile;
mod status;
mod volumes;

pub use reconcile::{Conditions, Pools, reconcile};
