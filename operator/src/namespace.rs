//! One namespace, looked after: all controllers of it, from when they begin until they are told to stop.
//!
//! Knows nothing of who else looks after what: whoever calls holds the namespace's Lease. **Invariant:** when it is over, none of
//! its tasks runs any more.

use std::sync::Arc;
use std::time::Duration;

use anabranch::catalog::kubernetes::{
    KubernetesCatalog, NewStreams, Place, Restored, Role, follow_pod_addresses,
};
use anabranch::catalog::{Catalog, StreamChange, stream_changes};
use anabranch::clock::{Clock, SystemClock};
use anabranch::encryption::KeyFile;
use anabranch::entropy::{Entropy, SystemEntropy};
use anabranch::internal_tls::{InternalTls, network};
use anabranch::lifecycle::Keeper;
use anabranch::resharding::{Executor, ShardLogs};
use anabranch::serving::{KnownAddresses, PodAddresses, RemoteShards};
use anabranch_domain::catalog::Snapshot;
use anabranch_domain::quota::Limits;
use kube::Resource as _;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::Options;
use crate::applied::Applied;
use crate::autoscaling::{Autoscaling, Board, Prometheus};
use crate::disks::Disks;
use crate::events::{Announcement, Announcer, Severity, of_reshards};
use crate::installations::Settings;
use crate::metrics::Metrics;
use crate::pools::{self, Pools};
use crate::replicas::Replicas;
use crate::streams::{self, Streams};

/// Without a change, everything is looked at this often: pods come and go without one.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Changes that come within this time are looked at together.
const PACE: Duration = Duration::from_millis(100);

/// What all namespaces have in common: the operator's process.
pub struct Process {
    /// The API server.
    pub client: kube::Client,
    /// What it was told.
    pub options: Options,
    /// What is counted.
    pub metrics: Metrics,
}

/// A namespace that is looked after.
pub struct Namespace {
    /// By whom.
    pub process: Arc<Process>,
    /// Its name.
    pub name: String,
    /// What is to be known of it.
    pub settings: Settings,
    /// How the operator proves itself to its shard pods, if it does.
    pub tls: Option<InternalTls>,
}

/// The tasks of one namespace; they end with it.
struct Tasks {
    tracker: TaskTracker,
    ends: CancellationToken,
    _when_dropped: DropGuard,
}

impl Tasks {
    fn new(ends: &CancellationToken) -> Self {
        let ends = ends.child_token();
        Self {
            tracker: TaskTracker::new(),
            _when_dropped: ends.clone().drop_guard(),
            ends,
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker
            .spawn(self.ends.clone().run_until_cancelled_owned(task));
    }

    async fn end(self) {
        self.ends.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Namespace {
    /// Looks after it until `ends`.
    pub async fn look_after(&self, ends: &CancellationToken) -> anyhow::Result<()> {
        let tasks = Tasks::new(ends);
        let work = Box::pin(self.work(&tasks));
        let worked = ends.run_until_cancelled(work).await;
        tasks.end().await;
        worked.unwrap_or(Ok(()))
    }

    /// Works without an end.
    async fn work(&self, tasks: &Tasks) -> anyhow::Result<()> {
        let Process {
            client,
            options,
            metrics,
        } = &*self.process;
        let (client, settings) = (client.clone(), &self.settings);
        let metrics = metrics.of(&self.name)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
        let catalog = Arc::new(self.catalog(Arc::clone(&clock))?);
        let followed = Arc::clone(&catalog);
        tasks.spawn(async move { followed.follow().await });
        while !catalog.is_synced_within(Duration::from_secs(10)).await {
            warn!(
                namespace = self.name,
                "waiting for the Kubernetes API: the catalog is not listed yet"
            );
        }
        let (announcer, telling) =
            Announcer::new(client.clone(), &options.pod_name, tasks.ends.clone());
        tasks.spawn(keep_telling_of_reshards(
            announcer.clone(),
            Arc::clone(&catalog),
        ));
        tasks.spawn(telling);
        let known = KnownAddresses::new(self.name.clone(), settings.shard_port);
        let known = Arc::new(known);
        let (told, of) = (Arc::clone(&known), self.name.clone());
        let asked = client.clone();
        tasks.spawn(async move {
            follow_pod_addresses(asked, &of, |pods| told.replace(pods)).await;
        });
        let (dial, keys) = (network(self.tls.as_ref()), KeyFile::none().ring());
        let addresses = PodAddresses::Known(Arc::clone(&known));
        let remote = Arc::new(RemoteShards::over(dial, addresses, keys));
        let disks = Disks::new(Arc::clone(&catalog), Arc::clone(&remote), known);
        let disks = Arc::new(disks);
        let executor = Executor {
            catalog: Arc::clone(&catalog) as Arc<dyn Catalog>,
            logs: Arc::clone(&remote) as Arc<dyn ShardLogs>,
            entropy: Arc::clone(&entropy),
        };
        let replicas = Replicas::new(
            Arc::clone(&catalog),
            Arc::clone(&remote),
            Arc::clone(&disks),
            settings.lead_after(),
        );
        tasks.spawn(replicas.run());
        tasks.spawn(Keeper::new(executor, Arc::clone(&clock)).run(tasks.ends.clone()));
        let pools = Pools::new(
            client.clone(),
            self.name.clone(),
            Arc::clone(&catalog),
            settings.pods(&self.name, &options.namespace),
            announcer.clone(),
            Arc::clone(&disks),
            settings.patience(),
            metrics.pools.clone(),
        );
        let board = Arc::new(Board::default());
        let prometheus = options.prometheus(&self.name, settings);
        let autoscaling = Autoscaling::new(
            announcer.clone(),
            Arc::clone(&catalog),
            clock,
            prometheus.map(Prometheus::new).transpose()?,
            Arc::clone(&remote),
            Arc::clone(&board),
            Arc::clone(&pools.rooms),
            metrics.autoscaling.clone(),
        );
        let every = Duration::from_secs(options.autoscaling_interval);
        tasks.spawn(autoscaling.run(every, tasks.ends.clone()));
        let streams = Streams {
            client,
            namespace: self.name.clone(),
            catalog: Arc::clone(&catalog),
            pods: remote,
            disks,
            entropy,
            board,
            announcer,
            applied: Applied::default(),
        };
        let mut versions = catalog.subscribe();
        let mut said_of_pools = None;
        loop {
            versions.mark_unchanged();
            restore_shards(&catalog, &streams.announcer).await;
            let round = streams::reconcile(&streams, said_of_pools.as_ref()).await;
            said_of_pools = pools::reconcile(&pools, &round.homes).await;
            streams::tell(&streams, round, said_of_pools.as_ref()).await;
            metrics.rounds.inc();
            let _ = timeout(LOOK_EVERY, versions.changed()).await;
            tokio::time::sleep(PACE).await;
        }
    }

    /// All its streams, as its objects say.
    fn catalog(&self, clock: Arc<dyn Clock>) -> anyhow::Result<KubernetesCatalog> {
        let place = Place {
            namespace: self.name.clone(),
            role: Role::Operator,
            new_streams: NewStreams::default(),
        };
        // Quotas are for who asks, and were asked of them there.
        let (client, limits) = (self.process.client.clone(), Limits::unlimited());
        let account = self.settings.account()?;
        Ok(KubernetesCatalog::new(
            client, place, clock, account, limits,
        ))
    }
}

/// Makes `Shard` objects again that went although their stream needs them, and says so at the stream.
async fn restore_shards(catalog: &KubernetesCatalog, announcer: &Announcer) {
    let restored = match catalog.restore_shards().await {
        Ok(restored) => restored,
        Err(failure) => {
            warn!(%failure, "shards are not made again, tried again later");
            return;
        }
    };
    for Restored { stream, shards } in restored {
        let announcement = Announcement {
            severity: Severity::Warning,
            reason: "ShardRestored".to_owned(),
            action: "Restore".to_owned(),
            text: format!(
                "made again: {}, deleted although the stream needs it. A shard goes by itself when its last record \
                 expires, all of them with their DataStream",
                shards.join(", ")
            ),
        };
        if let Some(object) = catalog.object(&stream) {
            announcer.tell(&object.object_ref(&()), announcement);
        }
    }
}

/// Tells, at each `Reshard`, each step that it takes.
async fn keep_telling_of_reshards(announcer: Announcer, catalog: Arc<KubernetesCatalog>) {
    let mut versions = catalog.subscribe();
    let mut told = catalog.snapshot();
    while versions.changed().await.is_ok() {
        let newest = catalog.snapshot();
        tell_of_reshards(&announcer, &catalog, &told, &newest);
        told = newest;
    }
}

fn tell_of_reshards(
    announcer: &Announcer,
    catalog: &KubernetesCatalog,
    told: &Snapshot,
    newest: &Snapshot,
) {
    for change in stream_changes(told, newest) {
        let (before, after) = match change {
            StreamChange::New(after) => (None, after),
            StreamChange::Altered { before, after } => (Some(&**before), after),
            StreamChange::Gone(_) => continue,
        };
        for (reshard, announcement) in of_reshards(before, after) {
            if let Some(object) = catalog.reshard_reference_of(&after.name, reshard) {
                announcer.tell(&object, announcement);
            }
        }
    }
}
