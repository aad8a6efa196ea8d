//! Where shards' replicas go: pods of their pool, chosen when a shard is new and left there.

mod plan;

pub use plan::{Placed, adjust, plan, pods_wanted};
