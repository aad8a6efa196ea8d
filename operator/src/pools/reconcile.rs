//! The story of a pool: look at it, work out what it is to be, make it so, say how it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anabranch::catalog::Catalog as _;
use anabranch::catalog::kubernetes::KubernetesCatalog;
use anabranch_crds::condition::Condition;
use anabranch_crds::{ShardPoolStatus, Time};
use anabranch_domain::catalog::Snapshot;
use anabranch_domain::{PodName, ShardUid};
use kube::core::NamespaceResourceScope;
use kube::{Resource, ResourceExt as _};
use tracing::{info, warn};

use super::metrics::PoolMetrics;
use super::observe::{Observed, observe};
use super::plan::{Plan, looked_at, plan, running};
use super::rooms::Rooms;
use super::seats::{Attendance, Sight};
use super::status::Volumes;
use super::volumes::{Growth, growth};
use super::{apply, status, volumes};
use crate::applied::Applied;
use crate::disks::{Disks, Look};
use crate::events::{Announcer, of_conditions};
use crate::placement::Placed;
use crate::resources::{
    Pods, network_policy, pod_disruption_budget, service, set_name, stateful_set,
};
use crate::streams::Home;

/// What pods said longer ago than this is not known now.
const OLD: Duration = Duration::from_secs(15);

/// How long pods are waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// No pod came or went for this long: then shards are spread anew. Nothing: they never are.
    pub rebalance_after: Option<Duration>,
    /// A pod that is lost is another one's turn after this long. Nothing: it is waited for.
    pub replace_after: Option<Duration>,
}

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
    /// Where it is told what changed.
    pub announcer: Announcer,
    /// What was applied lately.
    pub applied: Applied,
    /// What is on the pods' disks.
    pub disks: Arc<Disks>,
    /// How long pods are waited for.
    pub patience: Patience,
    /// What is counted.
    pub metrics: PoolMetrics,
    /// How much more each has room for.
    pub rooms: Arc<Rooms>,
    attendance: Mutex<Attendance>,
}

impl Pools {
    /// A controller that has seen nothing yet.
    #[allow(clippy::too_many_arguments)] // One of each.
    pub fn new(
        client: kube::Client,
        namespace: String,
        catalog: Arc<KubernetesCatalog>,
        pods: Pods,
        announcer: Announcer,
        disks: Arc<Disks>,
        patience: Patience,
        metrics: PoolMetrics,
    ) -> Self {
        Self {
            client,
            namespace,
            catalog,
            pods,
            announcer,
            applied: Applied::default(),
            disks,
            patience,
            metrics,
            rooms: Arc::default(),
            attendance: Mutex::default(),
        }
    }

    /// What a pool is to be, by what is seen of it.
    fn plan(&self, observed: &Observed, look: Option<&Look>) -> Plan {
        let nothing = BTreeMap::new();
        let name = observed.pool.name_any();
        let sight = Sight {
            running: running(observed),
            pods: &observed.pods,
            claims: &observed.claims,
            disks: look.map_or(&nothing, |look| &look.disks),
        };
        let now = Instant::now();
        let attendance = self.attendance.lock();
        let mut attendance = attendance.unwrap_or_else(PoisonError::into_inner);
        let patience = self.patience.replace_after;
        let (pods, set) = (looked_at(observed), set_name(&name));
        let (seats, gone) = attendance.seats(&set, pods, &sight, patience, now);
        let long = self.patience.rebalance_after;
        let is_quiet = long.is_some_and(|long| attendance.is_quiet(&name, &seats, long, now));
        plan(observed, seats, gone, is_quiet)
    }

    fn api<T>(&self) -> kube::Api<T>
    where
        T: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        kube::Api::namespaced(self.client.clone(), &self.namespace)
    }
}

/// What is said of each pool that there is.
pub type Conditions = BTreeMap<String, Vec<Condition>>;

/// One look at all pools. One that fails does not keep the others waiting. Gives back what is said of them, where they can
/// be read.
pub async fn reconcile(pools: &Pools, homes: &BTreeMap<String, Home>) -> Option<Conditions> {
    let snapshot = pools.catalog.snapshot();
    // What was on the disks a moment ago will do: it is asked for elsewhere, and nobody here waits for a pod that is away.
    let look = pools.disks.last().filter(|look| look.at.elapsed() < OLD);
    let (guarded, claims) = (pools.api(), pools.api());
    let pods = (&pools.api(), &pools.api());
    let load = |shard| pools.disks.rate(shard);
    let observed = match observe(&guarded, pods, &claims, &pools.catalog, homes, load).await {
        Ok(observed) => observed,
        Err(failure) => {
            warn!(%failure, "pools cannot be read");
            return None;
        }
    };
    let (mut said, mut rooms) = (Conditions::new(), BTreeMap::new());
    for observed in observed {
        let name = observed.pool.name_any();
        if observed.pool.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let plan = pools.plan(&observed, look.as_deref());
        pools.metrics.count(&name, &plan.moves);
        rooms.insert(name.clone(), plan.room);
        let conditions = match one(pools, &observed, &plan, &snapshot).await {
            Ok(status) => status.conditions,
            Err(failure) => {
                warn!(pool = name, %failure, "pool not reconciled");
                let known = observed.pool.status;
                known.map(|status| status.conditions).unwrap_or_default()
            }
        };
        said.insert(name, conditions);
    }
    pools.rooms.set(rooms);
    let attendance = pools.attendance.lock();
    let mut attendance = attendance.unwrap_or_else(PoisonError::into_inner);
    for gone in attendance.keep(|pool| said.contains_key(pool)) {
        pools.metrics.forget(&gone);
    }
    Some(said)
}

async fn one(
    pools: &Pools,
    observed: &Observed,
    plan: &Plan,
    snapshot: &Snapshot,
) -> anyhow::Result<ShardPoolStatus> {
    let pool = &observed.pool;
    let volumes = grow_volumes(pools, observed).await?;
    // The Service first: pods are found by it as soon as they are there.
    let can_spare_one = observed.shards.iter().all(Placed::can_spare_one);
    let mut objects = vec![
        service(pool, pools.pods.port),
        pod_disruption_budget(pool, can_spare_one),
    ];
    if pools.pods.network_policies {
        objects.push(network_policy(pool, &pools.pods));
    }
    if volumes != Volumes::SetIsLeaving {
        let size = match &volumes {
            Volumes::Refused { .. } => volumes::template_size(observed.set.as_ref()),
            _ => None,
        };
        let size = size.as_deref().unwrap_or(&pool.spec.pods.storage.size);
        objects.push(stateful_set(pool, &pools.pods, plan.pods, size));
    }
    for object in objects {
        let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
        let is_set = object["kind"] == "StatefulSet";
        let there = observed.set.as_ref().filter(|_| is_set);
        let seen = there.and_then(|set| set.metadata.generation);
        if pools.applied.is_due(&name, &object, seen) {
            let now = apply::apply(&pools.client, &pools.namespace, &object).await?;
            pools.applied.note(&name, &object, now.filter(|_| is_set));
        }
    }
    place(pools, snapshot, &plan.placements).await?;
    let now = Time::from_millis(u64::try_from(jiff::Timestamp::now().as_millisecond())?)?;
    let status = status::status(observed, plan, &volumes, now);
    let known = pool.status.as_ref();
    let known = known.map_or(&[][..], |status| &status.conditions);
    apply::report(&pools.api(), pool, &status).await?;
    for announcement in of_conditions(known, &status.conditions) {
        pools.announcer.tell(&pool.object_ref(&()), announcement);
    }
    Ok(status)
}

/// Makes volumes as large as wished, where they can be.
async fn grow_volumes(pools: &Pools, observed: &Observed) -> anyhow::Result<Volumes> {
    let size = &observed.pool.spec.pods.storage.size;
    let Growth {
        grow,
        growing,
        is_set_old,
    } = growth(size, observed.set.as_ref(), &observed.claims);
    if let Some(refusal) = apply::grow(&pools.api(), &grow, size).await? {
        return Ok(Volumes::Refused { refusal });
    }
    if let Some(set) = &observed.set {
        let is_leaving = set.metadata.deletion_timestamp.is_some();
        if is_set_old && !is_leaving {
            apply::orphan(&pools.api(), set).await?;
        }
        if is_set_old || is_leaving {
            return Ok(Volumes::SetIsLeaving);
        }
    }
    let waits = grow.into_iter().chain(growing).collect();
    Ok(Volumes::Growing { waits })
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
            let pods: Vec<_> = pods_of_it.iter().map(PodName::as_str).collect();
            info!(%stream, %shard, ?pods, "shard placed");
        }
    }
    Ok(())
}
