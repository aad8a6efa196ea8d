//! A shard pod: the logs of shards on one disk, answered for over gRPC.
//!
//! Starts from its own disk: what was formed there is served at once, whether or not the Kubernetes API answers. The catalog
//! only says which records have expired.

use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::PodName;
use anabranch_store::Store;
use anyhow::Context;
use prometheus::Registry;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::Server;
use tracing::{info, warn};

use super::ShardOptions;
use crate::autoscaling::ShardSketches;
use crate::catalog::Catalog;
use crate::catalog::kubernetes::{
    KubernetesCatalog, NewStreams, Place, Role, follow_pod_addresses,
};
use crate::clock::{CautiousClock, Clock, SystemClock};
use crate::dial::Dial;
use crate::entropy::{Entropy as _, SystemEntropy};
use crate::gateway::listener::{Connections, Pace};
use crate::internal_tls::{incoming, network};
use crate::metrics::{ConnectionMetrics, ShardMetrics, StoreMetrics};
use crate::serving::{FormedShards, KnownAddresses, ServedShards, ShardServer};
use crate::shard::{Peers, RaftServer, ReplicaId, ShardLimits, ShardRegistry};
use crate::standalone::assemble::{account, open_store, shard_limits};
use crate::standalone::limits::limits;
use crate::standalone::serve::{ADMIN_CONNECTIONS_MAX, admin, bind};
use crate::standalone::{logging, retention, scrubbing, stop_signal};
use crate::throttling::Throttles;

/// Bytes of appends that all shards of a pod together have taken in and not yet answered.
const INFLIGHT_BYTES_MAX: u64 = 256 << 20;
/// A gateway that is silent this long under a keep-alive is taken for lost.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How slow who asks for probes and metrics may be.
const PACE: Pace = Pace {
    request_head_max: Duration::from_secs(10),
    idle_max: Duration::from_mins(10),
};
/// HTTP/2 flow control, in bytes: a few of the largest appends at a time.
const STREAM_WINDOW_BYTES: u32 = 16 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 128 << 20;

/// Runs a shard pod until it is told to stop.
pub async fn run_shard_pod(options: ShardOptions) -> anyhow::Result<()> {
    logging::install(&options.log)?;
    anabranch_store::failpoints::arm_from_environment()?;
    let registry = Registry::new();
    let store_metrics = StoreMetrics::register(&registry)?;
    let store = open_store(&options.data_dir, &options.storage, &store_metrics)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys = Arc::new(super::key_file(options.encryption_keys.as_deref())?);
    let limits = limits(&options.limits);
    let formed = open_formed(Arc::clone(&store)).await?;
    let own = ReplicaId {
        node: formed.node(),
        pod: options.pod.clone(),
    };
    let (namespace, port) = (
        options.cluster.namespace.clone(),
        options.cluster.shard_port,
    );
    let known = Arc::new(KnownAddresses::new(namespace, port));
    let (requests_end, keeping_ends) = (CancellationToken::new(), CancellationToken::new());
    let tasks = TaskTracker::new();
    let tls = super::open_tls(&options.cluster, &tasks, &keeping_ends)?;
    let peers = peers(network(tls.as_ref()), Arc::clone(&known), &own);
    let shards = ShardRegistry::replicated(
        Arc::clone(&store),
        ShardLimits {
            catch_up_bytes_per_sec: options.catch_up_rate,
            ..shard_limits(&options.storage, INFLIGHT_BYTES_MAX)
        },
        keys.ring(),
        Arc::clone(&clock),
        Arc::clone(&peers),
    );
    let served = Arc::new(ServedShards {
        registry: Arc::new(shards),
        sketches: ShardSketches::new(&limits.shard),
        throttles: Throttles::when_told(limits.shard),
        metrics: ShardMetrics::register(&registry)?,
        clock: Arc::clone(&clock),
    });
    let connections = ConnectionMetrics::register(&registry)?;
    keep(
        &options,
        &served,
        &formed,
        known,
        clock,
        limits,
        &store_metrics,
        &tasks,
        &keeping_ends,
    )
    .await?;
    let shards = Arc::clone(&served.registry);
    let pages = admin(Arc::clone(&store), shards, store_metrics, registry).service();
    if let Some(address) = options.admin_listen {
        let connections = Connections::new(ADMIN_CONNECTIONS_MAX, PACE, requests_end.clone());
        tasks.spawn(connections.serve(bind(address).await?, pages, None));
    }
    let listener = bind(options.listen).await?;
    info!(listen = %listener.local_addr()?, pod = %options.pod, "ready");
    let service = ShardServer {
        served: Arc::clone(&served),
        formed,
        keys,
        store,
        own,
        ending: requests_end.clone(),
    };
    service.recall().map_err(anyhow::Error::msg)?;
    let registry = Arc::clone(&served.registry);
    let groups = Arc::clone(&registry) as _;
    let replicas = RaftServer::new(Arc::clone(&peers), groups, requests_end.clone());
    let led = registry.keep_led();
    tasks.spawn(keeping_ends.clone().run_until_cancelled_owned(led));
    let ending = requests_end.clone().cancelled_owned();
    let serving = server()
        .add_service(service.into_service())
        .add_service(replicas.into_service())
        .serve_with_incoming_shutdown(incoming(listener, tls, connections), ending);
    let serving = tokio::spawn(serving);
    let signal = stop_signal().await?;
    info!(signal, "stopping");
    // Before anything is refused: whoever puts finds the new leaders at once.
    peers.leave().await;
    served.registry.hand_over().await;
    requests_end.cancel();
    if tokio::time::timeout(options.shutdown_grace, serving)
        .await
        .is_err()
    {
        warn!("calls still open at the end of the grace period");
    }
    keeping_ends.cancel();
    tasks.close();
    let _ = tokio::time::timeout(options.shutdown_grace, tasks.wait()).await;
    served.registry.stop().await;
    info!("stopped");
    Ok(())
}

/// Which shards this disk holds, and who it is.
async fn open_formed(store: Arc<dyn Store>) -> anyhow::Result<Arc<FormedShards>> {
    let new_disk = SystemEntropy::new().random_u128();
    let formed = FormedShards::open(store, new_disk)
        .await
        .context("read which shards were formed on this disk")?;
    info!(
        shards = formed.all().len(),
        disk = format!("{:032x}", formed.disk()),
        "disk opened"
    );
    Ok(Arc::new(formed))
}

/// What gateways, the operator and other pods speak to.
fn server() -> Server {
    Server::builder()
        .tcp_nodelay(true)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
}

/// The processes that may hold other replicas of this one's shards.
fn peers(dial: Arc<dyn Dial>, known: Arc<KnownAddresses>, own: &ReplicaId) -> Arc<Peers> {
    let drawn = SystemEntropy::new().random_u128() >> 64;
    let incarnation = u64::try_from(drawn).unwrap_or_default();
    let locate = Box::new(move |pod: &PodName| known.url(pod));
    Peers::over(dial, own.pod.clone(), own.node, incarnation, locate)
}

/// Changes of the catalog that come within this time are looked at together.
const WISHES_PACE: Duration = Duration::from_secs(1);

/// Keeps what streams' specs say of how their shards take records.
async fn keep_wishes(
    catalog: Arc<KubernetesCatalog>,
    served: Arc<ServedShards>,
    ends: CancellationToken,
) {
    let keeping = async {
        let mut versions = catalog.subscribe();
        while versions.changed().await.is_ok() {
            let throttles = &served.throttles;
            throttles.limit(catalog.shard_limits(throttles.limits()));
            served
                .registry
                .answer_from_memory(catalog.shards_in_memory());
            tokio::time::sleep(WISHES_PACE).await;
        }
    };
    ends.run_until_cancelled(keeping).await;
}

/// Trims what has expired, by the retention that the catalog says; without a catalog nothing expires.
#[allow(
    clippy::too_many_arguments,
    reason = "a composition root hands every part out once"
)]
async fn keep(
    options: &ShardOptions,
    served: &Arc<ServedShards>,
    formed: &Arc<FormedShards>,
    known: Arc<KnownAddresses>,
    clock: Arc<dyn Clock>,
    limits: anabranch_domain::quota::Limits,
    store_metrics: &StoreMetrics,
    tasks: &TaskTracker,
    ends: &CancellationToken,
) -> anyhow::Result<()> {
    let place = Place {
        namespace: options.cluster.namespace.clone(),
        role: Role::ShardPod,
        new_streams: NewStreams::default(),
    };
    let account = account(&options.account_id, &options.region)?;
    let client = super::client().await?;
    let (asked, of) = (client.clone(), options.cluster.namespace.clone());
    let finding = async move { follow_pod_addresses(asked, &of, |pods| known.replace(pods)).await };
    tasks.spawn(ends.clone().run_until_cancelled_owned(finding));
    let catalog = KubernetesCatalog::new(client, place, Arc::clone(&clock), account, limits);
    let catalog = Arc::new(catalog);
    let followed = Arc::clone(&catalog);
    let following = async move { followed.follow().await };
    tasks.spawn(ends.clone().run_until_cancelled_owned(following));
    tasks.spawn(keep_wishes(
        Arc::clone(&catalog),
        Arc::clone(served),
        ends.clone(),
    ));
    let is_ours = Arc::clone(formed);
    tasks.spawn(retention::keep_trimming(
        catalog as Arc<dyn Catalog>,
        Arc::clone(&served.registry),
        move |shard| is_ours.has(shard),
        Arc::new(CautiousClock::new(clock)),
        store_metrics.clone(),
        options.storage.retention_interval,
        ends.clone(),
    ));
    tasks.spawn(scrubbing::keep_scrubbing(
        Arc::clone(&served.registry),
        store_metrics.clone(),
        options.storage.scrub,
        ends.clone(),
    ));
    Ok(())
}
