//! The story of a pool: look at it, work out what it is to be, make it so, say how it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use anabranch::catalog::Catalog as _;
use anabranch::catalog::kubernetes::KubernetesCatalog;
use anabranch_crds::{ShardPool, Time};
use anabranch_domain::catalog::Snapshot;
use anabranch_domain::{PodName, ShardUid};
use k8s_openapi::api::apps::v1::StatefulSet;
use kube::ResourceExt as _;
use tracing::{info, warn};

use super::observe::{Observed, observe};
use super::plan::{Plan, plan};
use super::{apply, status};
use crate::resources::{Pods, network_policy, pod_disruption_budget, service, stateful_set};
use crate::streams::Home;

/// What the controller works with.
pub struct Pools {
    /// The API server.
    pub client: kube::Client,
    /// The namespace.
    pub namespace: String,
    /// Where shards are said to be.
    pub catalog: Arc<KubernetesCatalog>,
    /// What all shard pods have in common.
    pub pods: Pods,
}

/// One look at all pools. One that fails does not keep the others waiting.
pub async fn reconcile(pools: &Pools, homes: &BTreeMap<String, Home>) -> BTreeMap<String, u32> {
    let api: kube::Api<ShardPool> = kube::Api::namespaced(pools.client.clone(), &pools.namespace);
    let sets: kube::Api<StatefulSet> =
        kube::Api::namespaced(pools.client.clone(), &pools.namespace);
    let snapshot = pools.catalog.snapshot();
    let observed = match observe(&api, &sets, &snapshot, homes).await {
        Ok(observed) => observed,
        Err(failure) => {
            warn!(%failure, "pools cannot be read");
            return BTreeMap::new();
        }
    };
    let mut ready = BTreeMap::new();
    for observed in observed {
        let name = observed.pool.name_any();
        if observed.pool.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let plan = plan(&observed);
        if let Err(failure) = one(pools, &api, &observed, &plan, &snapshot).await {
            warn!(pool = name, %failure, "pool not reconciled");
        }
        ready.insert(name, status::ready_pods(&observed));
    }
    ready
}

async fn one(
    pools: &Pools,
    api: &kube::Api<ShardPool>,
    observed: &Observed,
    plan: &Plan,
    snapshot: &Snapshot,
) -> anyhow::Result<()> {
    let pool = &observed.pool;
    // The Service first: pods are found by it as soon as they are there.
    let mut objects = vec![
        service(pool, pools.pods.port),
        pod_disruption_budget(pool),
        stateful_set(pool, &pools.pods, plan.pods),
    ];
    if pools.pods.network_policies {
        objects.push(network_policy(pool));
    }
    for object in objects {
        apply::apply(&pools.client, &pools.namespace, object).await?;
    }
    place(pools, snapshot, &plan.placements).await?;
    let now = Time::from_millis(u64::try_from(jiff::Timestamp::now().as_millisecond())?)?;
    apply::report(api, pool, status::status(observed, plan, now)).await?;
    Ok(())
}

/// Says of shards where they are wanted.
async fn place(
    pools: &Pools,
    snapshot: &Snapshot,
    placements: &[(ShardUid, Vec<PodName>)],
) -> anyhow::Result<()> {
    for (uid, pods_of_it) in placements {
        let found = snapshot.streams.values().find_map(|stream| {
            let shard = stream.shards.values().find(|shard| shard.uid == *uid)?;
            Some((stream.name.clone(), shard.id, shard.replicas.clone()))
        });
        if let Some((stream, shard, from)) = found {
            pools
                .catalog
                .place(&stream, shard, &from, pods_of_it)
                .await?;
            info!(%stream, %shard, pods = ?pods_of_it, "shard placed");
        }
    }
    Ok(())
}
