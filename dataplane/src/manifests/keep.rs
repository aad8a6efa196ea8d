//! What manifests say of how shards take records, kept for shards that come and go: limits, and when a put is answered.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anabranch_crds::DesiredStream;
use anabranch_crds::data_stream::{Durability, ShardLimits as Wished};

use crate::catalog::Catalog;
use crate::serving::ServedShards;
use crate::throttling;

/// Follows the catalog for as long as it is there.
pub async fn keep(
    catalog: Arc<dyn Catalog>,
    served: Arc<ServedShards>,
    wishes: Vec<DesiredStream>,
) {
    let mut versions = catalog.subscribe();
    loop {
        let snapshot = catalog.snapshot();
        let given = wishes
            .iter()
            .filter_map(|wish| Some((wish, snapshot.stream(&wish.stream_name)?)));
        let (mut limits, mut in_memory) = (HashMap::new(), HashSet::new());
        for (wish, stream) in given {
            let uids = || stream.shards.values().map(|shard| shard.uid);
            if wish.shard_limits != Wished::default() {
                let own = throttling::wished(wish.shard_limits, served.throttles.limits());
                limits.extend(uids().map(|shard| (shard, own)));
            }
            if wish.durability == Durability::Memory {
                in_memory.extend(uids());
            }
        }
        served.throttles.limit(limits);
        served.registry.answer_from_memory(in_memory);
        if versions.changed().await.is_err() {
            return;
        }
    }
}
