//! How a stream's shards stand to each other: side by side on the ring ([`OpenShards`]), and one after the other in time.
//!
//! **Invariants:** at every instant since the stream became active, the shards that took records then tile the ring; and a
//! child's id is greater than its parents', so the order of ids has every parent before its children.

mod open_shards;
mod shard_filter;

use std::sync::Arc;

pub use open_shards::{OpenShards, TilingBroken};
pub use shard_filter::ShardFilter;

use crate::ShardId;
use crate::catalog::{Shard, Stream};

/// The shards that took over from this one: two after a split, one after a merge, none while it is open. What
/// `GetRecords` and `SubscribeToShard` give at the end of a closed shard.
pub fn children_of(stream: &Stream, parent: ShardId) -> impl Iterator<Item = &Arc<Shard>> {
    let younger = stream.shards.range((
        std::ops::Bound::Excluded(parent),
        std::ops::Bound::Unbounded,
    ));
    let children = younger.map(|(_, shard)| shard);
    children
        .filter(move |shard| shard.opened_at.is_some() && shard.parents().any(|id| id == parent))
}

#[cfg(test)]
mod lineage_test;
