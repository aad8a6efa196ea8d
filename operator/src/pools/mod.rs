//! `ShardPool`: pods with disks, as many as the shards placed on them need, and disks as large as wished.

mod apply;
mod metrics;
mod observe;
mod plan;
mod reconcile;
mod rooms;
mod seats;
mod status;
mod volumes;

pub use metrics::PoolMetrics;
pub use reconcile::{Conditions, Patience, Pools, reconcile};
pub use rooms::Rooms;
