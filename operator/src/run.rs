//! The operator's process: built once, worked while it holds the Lease.

use std::sync::Arc;
use std::time::Duration;

use anabranch::admin::Admin;
use anabranch::catalog::Catalog;
use anabranch::catalog::kubernetes::{KubernetesCatalog, Place, Role, connect};
use anabranch::clock::{Clock, SystemClock};
use anabranch::encryption::KeyFile;
use anabranch::entropy::{Entropy, SystemEntropy};
use anabranch::gateway::listener::{Connections, Pace};
use anabranch::lifecycle::Keeper;
use anabranch::resharding::{Executor, ShardLogs};
use anabranch::serving::{PodAddresses, RemoteShards};
use anabranch::standalone::options::{LogFormat, LogOptions};
use anabranch::standalone::{logging, stop_signal};
use anabranch_domain::catalog::Account;
use anabranch_domain::quota::Limits;
use anyhow::Context as _;
use prometheus::{IntCounter, IntGauge, Registry};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::Options;
use crate::autoscaling::{Autoscaling, AutoscalingMetrics, Board, Prometheus};
use crate::election::Candidate;
use crate::pools::{self, Pools};
use crate::replicas::Replicas;
use crate::resources::Pods;
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
        worked = lead(&options, client, &counters, ends.clone()) => {
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
    counters: &Counters,
    ends: CancellationToken,
) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let account = Account::new(options.account_id.parse()?, options.region.parse()?);
    let place = Place {
        namespace: options.namespace.clone(),
        role: Role::Operator,
        default_pool: None,
    };
    // Quotas are for who asks, and were asked of them there.
    let catalog = Arc::new(KubernetesCatalog::new(
        client.clone(),
        place,
        Arc::clone(&clock),
        account,
        Limits::unlimited(),
    ));
    let followed = Arc::clone(&catalog);
    let following = async move { followed.follow().await };
    let following = tokio::spawn(ends.clone().run_until_cancelled_owned(following));
    while !catalog.is_synced_within(Duration::from_secs(10)).await {
        warn!("waiting for the Kubernetes API: the catalog is not listed yet");
    }
    let addresses = PodAddresses::Service {
        namespace: options.namespace.clone(),
        port: options.shard_port,
    };
    let remote = Arc::new(RemoteShards::new(addresses, KeyFile::none().ring()));
    let logs: Arc<dyn ShardLogs> = Arc::clone(&remote) as _;
    let executor = Executor {
        catalog: Arc::clone(&catalog) as Arc<dyn Catalog>,
        logs: Arc::clone(&logs),
        entropy: Arc::clone(&entropy),
    };
    let replicas = Replicas {
        catalog: Arc::clone(&catalog),
        remote: Arc::clone(&remote),
    };
    let replicas = tokio::spawn(ends.clone().run_until_cancelled_owned(replicas.run()));
    let keeper = Keeper::new(executor, Arc::clone(&clock)).run(ends.clone());
    let keeper = tokio::spawn(keeper);
    let board = Arc::new(Board::default());
    let prometheus = options.prometheus().map(Prometheus::new).transpose()?;
    let autoscaling = Autoscaling::new(
        client.clone(),
        Arc::clone(&catalog),
        clock,
        prometheus,
        remote,
        Arc::clone(&board),
        counters.autoscaling.clone(),
    );
    let every = Duration::from_secs(options.autoscaling_interval);
    let autoscaling = tokio::spawn(autoscaling.run(every, ends.clone()));
    let streams = Streams {
        client: client.clone(),
        namespace: options.namespace.clone(),
        catalog: Arc::clone(&catalog),
        logs,
        entropy,
        board,
    };
    let pools = Pools {
        client,
        namespace: options.namespace.clone(),
        catalog: Arc::clone(&catalog),
        pods: pods(options),
    };
    let mut versions = catalog.subscribe();
    while !ends.is_cancelled() {
        versions.mark_unchanged();
        let homes = streams::reconcile(&streams).await;
        pools::reconcile(&pools, &homes).await;
        counters.rounds.inc();
        let _ = timeout(LOOK_EVERY, versions.changed()).await;
        tokio::time::sleep(PACE).await;
    }
    let _ = tokio::join!(following, keeper, replicas, autoscaling);
    Ok(())
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
