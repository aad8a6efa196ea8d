//! What streams' specs say of how their shards take records: limits, and when a put is answered.

use std::collections::{HashMap, HashSet};

use anabranch_crds::data_stream::Durability;
use anabranch_domain::ShardUid;
use anabranch_domain::quota::ShardLimits;

use super::{KubernetesCatalog, projection};
use crate::throttling;

impl KubernetesCatalog {
    /// The limits of every shard that is known; where its stream's spec says none but AWS's, `otherwise` holds.
    pub fn shard_limits(&self, otherwise: ShardLimits) -> HashMap<ShardUid, ShardLimits> {
        let view = self.shared.view();
        let mut limits = HashMap::new();
        for (name, stream) in &view.objects.streams {
            let own = throttling::wished(stream.spec.shard_limits, otherwise);
            let shards = view.objects.shards_of(name);
            let shards = shards.filter_map(|shard| projection::shard(shard).ok());
            limits.extend(shards.map(|shard| (shard.uid, own)));
        }
        limits
    }

    /// The shards whose puts are answered from memory: those of streams with `durability: Memory`.
    pub fn shards_in_memory(&self) -> HashSet<ShardUid> {
        let view = self.shared.view();
        let streams = view.objects.streams.iter();
        let lazy = streams.filter(|(_, stream)| stream.spec.durability == Durability::Memory);
        let shards = lazy.flat_map(|(name, _)| view.objects.shards_of(name));
        let shards = shards.filter_map(|shard| projection::shard(shard).ok());
        shards.map(|shard| shard.uid).collect()
    }
}
