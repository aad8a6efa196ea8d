//! What is: the pools, their sets, and the shards that belong to them. Reads only.

use std::collections::BTreeMap;

use anabranch_crds::ShardPool;
use anabranch_domain::catalog::Snapshot;
use k8s_openapi::api::apps::v1::StatefulSet;
use kube::ResourceExt as _;
use kube::api::ListParams;

use crate::placement::Placed;
use crate::resources::set_name;
use crate::streams::Home;

/// A pool and what there is of it.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    pub(super) pool: ShardPool,
    pub(super) set: Option<StatefulSet>,
    pub(super) shards: Vec<Placed>,
    pub(super) streams: u32,
}

/// Reads all pools of the namespace.
pub(super) async fn observe(
    pools: &kube::Api<ShardPool>,
    sets: &kube::Api<StatefulSet>,
    snapshot: &Snapshot,
    homes: &BTreeMap<String, Home>,
) -> Result<Vec<Observed>, kube::Error> {
    let all = pools.list(&ListParams::default()).await?;
    let selector = "app.kubernetes.io/component=shard,app.kubernetes.io/name=anabranch";
    let sets = sets.list(&ListParams::default().labels(selector)).await?;
    let observed = all.items.into_iter().map(|pool| {
        let name = pool.name_any();
        let set_name = set_name(&name);
        let set = sets.items.iter().find(|set| set.name_any() == set_name);
        let mut streams = 0;
        let mut shards = Vec::new();
        for stream in snapshot.streams.values() {
            let home = homes.get(stream.name.as_str());
            let Some(home) = home.filter(|home| home.pool == name) else {
                continue;
            };
            streams += 1;
            shards.extend(stream.shards.values().map(|shard| Placed {
                shard: shard.uid,
                replicas: shard.replicas.clone(),
                factor: home.factor,
            }));
        }
        Observed {
            set: set.cloned(),
            pool,
            shards,
            streams,
        }
    });
    Ok(observed.collect())
}
