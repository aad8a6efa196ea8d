//! The operator's process: built once, worked while it holds the Lease.

use std::sync::Arc;
use std::time::Duration;

use anabranch::admin::Admin;
use anabranch::catalog::kubernetes::{
    KubernetesCatalog, NewStreams, Place, Role, connect, follow_pod_addresses,
};
use anabranch::catalog::{Catalog, StreamChange, stream_changes};
use anabranch::clock::{Clock, SystemClock};
use anabranch::encryption::KeyFile;
use anabranch::entropy::{Entropy, SystemEntropy};
use anabranch::gateway::listener::{Connections, Pace};
use anabranch::internal_tls::{InternalTls, network};
use anabranch::lifecycle::Keeper;
use anabranch::resharding::{Executor, ShardLogs};
use anabranch::serving::{KnownAddresses, PodAddresses, RemoteShards};
use anabranch::standalone::options::{LogFormat, LogOptions};
use anabranch::standalone::{logging, stop_signal};
use anabranch_domain::catalog::{Account, Snapshot};
use anabranch_domain::quota::Limits;
use anyhow::Context as _;
use prometheus::{IntCounter, IntGauge, Registry};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::Options;
use crate::applied::Applied;
use crate::autoscaling::{Autoscaling, AutoscalingMetrics, Board, Prometheus};
use crate::disks::Disks;
use crate::election::Candidate;
use crate::events::{Announcer, of_reshards};
use crate::pools::{self, PoolMetrics, Pools};
use crate::replicas::Replicas;
use crate::resources::{MountedTls, Pods};
use crate::streams::{self, Streams};

/// Without a change, everything is looked at this often: pods come and go without one.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Changes that come within this time are looked at together.
const PACE: Duration = Duration::from_millis(100);

/// What the operator counts.
struct Counters {
    rounds: IntCounter,
    leads: IntGauge,
    autoscaling: AutoscalingMetrics,
    pools: PoolMetrics,
}

impl Counters {
    fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let rounds = IntCounter::new(
            "anabranch_operator_rounds_total",
            "Looks at all streams and pools",
        )?;
        let leads = IntGauge::new(
            "anabranch_operator_leads",
            "Whether this one holds the Lease",
        )?;
        registry.register(Box::new(rounds.clone()))?;
        registry.register(Box::new(leads.clone()))?;
        Ok(Self {
            rounds,
            leads,
            autoscaling: AutoscalingMetrics::register(registry)?,
            pools: PoolMetrics::register(registry)?,
        })
    }
}

/// Puts this release's definitions on the API server.
pub async fn apply_definitions() -> anyhow::Result<()> {
    logging::install(&LogOptions {
        format: LogFormat::Text,
        filter: "info".to_owned(),
    })?;
    let client = client().await?;
    crate::definitions::apply(client)
        .await
        .context("apply the definitions: this needs rights on customresourcedefinitions")
}

async fn client() -> anyhow::Result<kube::Client> {
    connect()
        .await
        .map_err(|failure| anyhow::anyhow!(failure))
        .context("find the Kubernetes API: run in a pod, or with a KUBECONFIG")
}

/// Runs until told to stop, or until the Lease is lost.
pub async fn run(options: Options) -> anyhow::Result<()> {
    logging::install(&LogOptions {
        format: options.log_format,
        filter: options.log.clone(),
    })?;
    let registry = Registry::new();
    let counters = Counters::register(&registry)?;
    let ends = CancellationToken::new();
    let tls = InternalTls::open_if_said(options.internal_tls.options().as_ref())?;
    if let Some(tls) = &tls {
        tokio::spawn(ends.clone().run_until_cancelled_owned(tls.follow()));
    }
    let admin = serve_admin(&options, registry, &ends).await?;
    let client = client().await?;
    let candidate = Candidate::new(client.clone(), &options.namespace, options.pod_name.clone());
    let mut stopping = std::pin::pin!(stop_signal());
    tokio::select! {
        signal = &mut stopping => {
            info!(signal = signal?, "stopped while waiting for the Lease");
            return Ok(());
        }
        () = candidate.acquire() => {}
    }
    info!(holder = options.pod_name, "leading");
    counters.leads.set(1);
    let lost = tokio::select! {
        signal = &mut stopping => {
            info!(signal = signal?, "stopping");
            false
        }
        () = candidate.hold() => true,
        worked = lead(&options, client, tls.as_ref(), &counters, ends.clone()) => {
            worked?;
            false
        }
    };
    ends.cancel();
    admin.drain(Duration::from_secs(1)).await;
    if lost {
        anyhow::bail!("the Lease was lost: another operator leads now");
    }
    candidate.release().await;
    info!("stopped");
    Ok(())
}

/// Works as the one that leads.
async fn lead(
    options: &Options,
    client: kube::Client,
    tls: Option<&InternalTls>,
    counters: &Counters,
    ends: CancellationToken,
) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let catalog = Arc::new(catalog(options, client.clone(), Arc::clone(&clock))?);
    let followed = Arc::clone(&catalog);
    let following = async move { followed.follow().await };
    let following = tokio::spawn(ends.clone().run_until_cancelled_owned(following));
    while !catalog.is_synced_within(Duration::from_secs(10)).await {
        warn!("waiting for the Kubernetes API: the catalog is not listed yet");
    }
    let (announcer, telling) = Announcer::new(client.clone(), &options.pod_name, ends.clone());
    let of_reshards = keep_telling_of_reshards(announcer.clone(), Arc::clone(&catalog));
    tokio::spawn(ends.clone().run_until_cancelled_owned(of_reshards));
    let telling = tokio::spawn(telling);
    let known = KnownAddresses::new(options.namespace.clone(), options.shard_port);
    let known = Arc::new(known);
    let (told, of) = (Arc::clone(&known), options.namespace.clone());
    let asked = client.clone();
    let finding = async move { follow_pod_addresses(asked, &of, |pods| told.replace(pods)).await };
    let finding = tokio::spawn(ends.clone().run_until_cancelled_owned(finding));
    let (dial, keys) = (network(tls), KeyFile::none().ring());
    let addresses = PodAddresses::Known(Arc::clone(&known));
    let remote = Arc::new(RemoteShards::over(dial, addresses, keys));
    let disks = Disks::new(Arc::clone(&catalog), Arc::clone(&remote), known);
    let disks = Arc::new(disks);
    let logs = Arc::clone(&remote) as Arc<dyn ShardLogs>;
    let executor = Executor {
        catalog: Arc::clone(&catalog) as Arc<dyn Catalog>,
        logs,
        entropy: Arc::clone(&entropy),
    };
    let replicas = Replicas::new(
        Arc::clone(&catalog),
        Arc::clone(&remote),
        Arc::clone(&disks),
        options.lead_after(),
    );
    let replicas = tokio::spawn(ends.clone().run_until_cancelled_owned(replicas.run()));
    let keeper = Keeper::new(executor, Arc::clone(&clock)).run(ends.clone());
    let keeper = tokio::spawn(keeper);
    let pools = Pools::new(
        client.clone(),
        options.namespace.clone(),
        Arc::clone(&catalog),
        pods(options),
        announcer.clone(),
        Arc::clone(&disks),
        options.patience(),
        counters.pools.clone(),
    );
    let board = Arc::new(Board::default());
    let prometheus = options.prometheus().map(Prometheus::new).transpose()?;
    let autoscaling = Autoscaling::new(
        announcer.clone(),
        Arc::clone(&catalog),
        clock,
        prometheus,
        Arc::clone(&remote),
        Arc::clone(&board),
        Arc::clone(&pools.rooms),
        counters.autoscaling.clone(),
    );
    let every = Duration::from_secs(options.autoscaling_interval);
    let autoscaling = tokio::spawn(autoscaling.run(every, ends.clone()));
    let streams = Streams {
        client,
        namespace: options.namespace.clone(),
        catalog: Arc::clone(&catalog),
        pods: remote,
        disks,
        entropy,
        board,
        announcer: announcer.clone(),
        applied: Applied::default(),
    };
    let mut versions = catalog.subscribe();
    let mut said_of_pools = None;
    while !ends.is_cancelled() {
        versions.mark_unchanged();
        let round = streams::reconcile(&streams, said_of_pools.as_ref()).await;
        said_of_pools = pools::reconcile(&pools, &round.homes).await;
        streams::tell(&streams, round, said_of_pools.as_ref()).await;
        counters.rounds.inc();
        let _ = timeout(LOOK_EVERY, versions.changed()).await;
        tokio::time::sleep(PACE).await;
    }
    let _ = tokio::join!(following, finding, keeper, replicas, autoscaling, telling);
    Ok(())
}

/// All streams of the namespace, as its objects say.
fn catalog(
    options: &Options,
    client: kube::Client,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<KubernetesCatalog> {
    let account = Account::new(options.account_id.parse()?, options.region.parse()?);
    let place = Place {
        namespace: options.namespace.clone(),
        role: Role::Operator,
        new_streams: NewStreams::default(),
    };
    // Quotas are for who asks, and were asked of them there.
    let limits = Limits::unlimited();
    Ok(KubernetesCatalog::new(
        client, place, clock, account, limits,
    ))
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

fn pods(options: &Options) -> Pods {
    Pods {
        image: options.shard_image.clone(),
        image_pull_policy: options.image_pull_policy.clone(),
        image_pull_secrets: options.image_pull_secrets.clone(),
        network_policies: options.network_policies,
        service_account: options.shard_service_account.clone(),
        port: options.shard_port,
        namespace: options.namespace.clone(),
        account_id: options.account_id.clone(),
        region: options.region.clone(),
        encryption_keys_secret: options.encryption_keys_secret.clone(),
        log_format: options.log_format,
        internal_tls: options
            .internal_tls_secret
            .clone()
            .map(|secret| MountedTls {
                secret,
                mode: options.internal_tls.mode(),
                name: options.internal_tls.name(),
            }),
        args: options.shard_arg.clone(),
    }
}

async fn serve_admin(
    options: &Options,
    registry: Registry,
    ends: &CancellationToken,
) -> anyhow::Result<Connections> {
    let admin = Admin {
        registry,
        // One that waits for the Lease is as ready as one that has it.
        readiness: Arc::new(|| Ok(())),
        before_scrape: Arc::new(|| {}),
    };
    let pace = Pace {
        request_head_max: Duration::from_secs(10),
        idle_max: Duration::from_mins(10),
    };
    let listener = TcpListener::bind(options.admin_listen)
        .await
        .with_context(|| format!("listen on {}", options.admin_listen))?;
    let connections = Connections::new(64, pace, ends.clone());
    tokio::spawn(connections.clone().serve(listener, admin.service(), None));
    Ok(connections)
}
