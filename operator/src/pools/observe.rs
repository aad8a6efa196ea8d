//! What is: the pools, their sets, and the shards that belong to them. Reads only.

use std::collections::BTreeMap;

use anabranch::catalog::kubernetes::KubernetesCatalog;
use anabranch_crds::ShardPool;
use anabranch_crds::labels::POOL;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt as _;
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use tracing::warn;

use crate::placement::Placed;
use crate::resources::set_name;
use crate::streams::Home;

/// A pool and what there is of it.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    pub(super) pool: ShardPool,
    pub(super) set: Option<StatefulSet>,
    /// The claims of its pods' volumes, also of those that are gone.
    pub(super) claims: Vec<PersistentVolumeClaim>,
    pub(super) shards: Vec<Placed>,
    pub(super) streams: u32,
}

/// Reads all pools of the namespace.
pub(super) async fn observe(
    pools: &kube::Api<DeserializeGuard<ShardPool>>,
    sets: &kube::Api<StatefulSet>,
    claims: &kube::Api<PersistentVolumeClaim>,
    catalog: &KubernetesCatalog,
    homes: &BTreeMap<String, Home>,
) -> Result<Vec<Observed>, kube::Error> {
    let all = pools.list(&ListParams::default()).await?;
    let selector = "app.kubernetes.io/component=shard,app.kubernetes.io/name=anabranch";
    let of_shard_pods = ListParams::default().labels(selector);
    let sets = sets.list(&of_shard_pods).await?;
    let claims = claims.list(&of_shard_pods).await?;
    let observed = all.items.into_iter().filter_map(|guarded| {
        let name = guarded.name_any();
        let pool = match guarded.0 {
            Ok(pool) => pool,
            Err(unreadable) => {
                warn!(pool = name, %unreadable, "pool left as it is: this release cannot read it");
                return None;
            }
        };
        let set_name = set_name(&name);
        let set = sets.items.iter().find(|set| set.name_any() == set_name);
        let streams = homes.values().filter(|home| home.pool == name).count();
        // Those too whose stream was deleted and left its records: their pods must stay, or come back with it.
        let shards = catalog.shards_in_pool(&name).into_iter();
        let shards = shards.map(|(stream, shard)| {
            let home = homes.get(&stream).filter(|home| home.pool == name);
            let kept = u32::try_from(shard.replicas.len()).unwrap_or(1);
            Placed {
                shard: shard.uid,
                factor: home.map_or(kept.max(1), |home| home.factor),
                replicas: shard.replicas,
            }
        });
        let of_pool = |claim: &&PersistentVolumeClaim| claim.labels().get(POOL) == Some(&name);
        Some(Observed {
            set: set.cloned(),
            claims: claims.items.iter().filter(of_pool).cloned().collect(),
            shards: shards.collect(),
            streams: u32::try_from(streams).unwrap_or(u32::MAX),
            pool,
        })
    });
    Ok(observed.collect())
}
