//! What is: the pools, their sets, and the shards that belong to them. Reads only.

use std::collections::BTreeMap;

use anabranch::catalog::Catalog as _;
use anabranch::catalog::kubernetes::{KubernetesCatalog, PoolShard};
use anabranch_crds::ShardPool;
use anabranch_crds::labels::POOL;
use anabranch_domain::catalog::{ShardStatus, Snapshot};
use anabranch_domain::{ShardUid, StreamName};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::ResourceExt as _;
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use tracing::warn;

use crate::placement::{Placed, Stage};
use crate::resources::set_name;
use crate::streams::Home;

/// A pool and what there is of it.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    pub(super) pool: ShardPool,
    pub(super) set: Option<StatefulSet>,
    /// The claims of its pods' volumes, also of those that are gone.
    pub(super) claims: Vec<PersistentVolumeClaim>,
    /// Its pods, those that are leaving too.
    pub(super) pods: Vec<Pod>,
    pub(super) shards: Vec<Placed>,
    pub(super) streams: u32,
}

/// Reads all pools of the namespace. `load` is what is put into a shard, in bytes a second.
pub(super) async fn observe(
    pools: &kube::Api<DeserializeGuard<ShardPool>>,
    (sets, pods): (&kube::Api<StatefulSet>, &kube::Api<Pod>),
    claims: &kube::Api<PersistentVolumeClaim>,
    catalog: &KubernetesCatalog,
    homes: &BTreeMap<String, Home>,
    load: impl Fn(ShardUid) -> u64,
) -> Result<Vec<Observed>, kube::Error> {
    let all = pools.list(&ListParams::default()).await?;
    let selector = "app.kubernetes.io/component=shard,app.kubernetes.io/name=anabranch";
    let of_shard_pods = ListParams::default().labels(selector);
    let sets = sets.list(&of_shard_pods).await?;
    let claims = claims.list(&of_shard_pods).await?;
    let pods = pods.list(&of_shard_pods).await?;
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
        let serving = catalog.snapshot();
        let shards = shards.map(|it| {
            let home = homes.get(&it.stream).filter(|home| home.pool == name);
            let load = load(it.shard.uid);
            placed(it, home, &serving, load)
        });
        let of_pool = |claim: &&PersistentVolumeClaim| claim.labels().get(POOL) == Some(&name);
        let is_pod_of_it = |pod: &&Pod| pod.labels().get(POOL) == Some(&name);
        Some(Observed {
            set: set.cloned(),
            claims: claims.items.iter().filter(of_pool).cloned().collect(),
            pods: pods.items.iter().filter(is_pod_of_it).cloned().collect(),
            shards: shards.collect(),
            streams: u32::try_from(streams).unwrap_or(u32::MAX),
            pool,
        })
    });
    Ok(observed.collect())
}

/// A shard as placement sees it; `home` is where its stream lives.
fn placed(it: PoolShard, home: Option<&Home>, serving: &Snapshot, load: u64) -> Placed {
    let kept = u32::try_from(it.shard.replicas.len()).unwrap_or(1).max(1);
    let stream: Option<StreamName> = it.stream.parse().ok();
    let stream = stream.and_then(|stream| serving.streams.get(&stream));
    // What its own object says is only half of it: the stream knows whether it takes part.
    let known = stream.and_then(|stream| Some((stream, stream.shards.get(&it.shard.id)?)));
    let known = known.filter(|(_, shard)| home.is_some() && shard.uid == it.shard.uid);
    Placed {
        shard: it.shard.uid,
        factor: home.map_or(kept, |home| home.factor),
        stage: match known {
            Some((_, shard)) if shard.status == ShardStatus::Creating => Stage::Forming,
            Some((stream, _)) if stream.is_serving() => Stage::Live,
            _ => Stage::Kept,
        },
        replicas: it.shard.replicas,
        voters: it.voters,
        leader: it.leader,
        load,
    }
}
