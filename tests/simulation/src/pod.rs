//! A shard pod: the real process's parts, put together as its composition root does, over a simulated disk and network.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anabranch::autoscaling::ShardSketches;
use anabranch::catalog::Catalog;
use anabranch::clock::Clock;
use anabranch::encryption::KeyFile;
use anabranch::entropy::Entropy as _;
use anabranch::metrics::{ShardMetrics, StoreMetrics};
use anabranch::serving::{FormedShards, ServedShards, ShardServer};
use anabranch::shard::{Peers, RaftServer, ReplicaId, ShardLimits, ShardRegistry};
use anabranch::standalone;
use anabranch::throttling::Throttles;
use anabranch_domain::PodName;
use anabranch_domain::quota::Limits;
use anabranch_store::Store;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::catalog::SimulatedCatalog;
use crate::clock::MachineClock;
use crate::dice::Dice;
use crate::disk::{MountedDisk, Platter};
use crate::network::{self, PORT, SimulatedNetwork};
use crate::trace;

/// Between two rounds over what has expired.
const TRIM_EVERY: Duration = Duration::from_millis(700);

/// Where a pod runs: what stays when its process goes.
pub(crate) struct Seat {
    pub(crate) name: PodName,
    catalog: Arc<SimulatedCatalog>,
    pub(crate) clock: Arc<MachineClock>,
    platter: Mutex<Arc<Platter>>,
    dice: Dice,
    stop: Notify,
}

impl Seat {
    pub(crate) fn new(
        name: PodName,
        catalog: Arc<SimulatedCatalog>,
        platter: Arc<Platter>,
        dice: Dice,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            catalog,
            clock: Arc::default(),
            platter: Mutex::new(platter),
            dice,
            stop: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Platter>> {
        self.platter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its disk.
    pub(crate) fn platter(&self) -> Arc<Platter> {
        Arc::clone(&self.lock())
    }

    /// Puts another disk in the place of its own.
    pub(crate) fn replace_platter(&self, platter: Arc<Platter>) {
        *self.lock() = platter;
    }

    /// Tells the process to stop, as SIGTERM would.
    pub(crate) fn stop(&self) {
        self.stop.notify_one();
    }

    /// The process, from its start until it is told to stop.
    pub(crate) async fn run(self: Arc<Self>) -> turmoil::Result {
        // An order to stop that the process before did not live to see.
        let _ = futures_util::FutureExt::now_or_never(self.stop.notified());
        let store: Arc<dyn Store> = MountedDisk::mount(self.platter());
        let formed = FormedShards::open(Arc::clone(&store), self.dice.random_u128()).await?;
        let formed = Arc::new(formed);
        let own = ReplicaId {
            node: formed.node(),
            pod: self.name.clone(),
        };
        trace::note(|| format!("{} starts, disk {:016x}", own.pod, own.node));
        let keys = Arc::new(KeyFile::none());
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let incarnation = u64::try_from(self.dice.random_u128() >> 64).unwrap_or_default();
        let locate = Box::new(|pod: &PodName| Some(format!("http://{pod}:{PORT}")));
        let dial = Arc::new(SimulatedNetwork);
        let peers = Peers::over(dial, own.pod.clone(), own.node, incarnation, locate);
        let registry = ShardRegistry::replicated(
            Arc::clone(&store),
            self.limits(),
            keys.ring(),
            Arc::clone(&clock),
            Arc::clone(&peers),
        );
        let registry = Arc::new(registry);
        let limits = Limits::unlimited();
        let served = ServedShards {
            registry: Arc::clone(&registry),
            sketches: ShardSketches::new(&limits.shard),
            throttles: Throttles::new(limits.shard),
            metrics: ShardMetrics::register(&prometheus::Registry::new())?,
            clock: Arc::clone(&clock),
        };
        let (is_ours, stop) = (Arc::clone(&formed), CancellationToken::new());
        let ending = CancellationToken::new();
        let trimming = standalone::keep_trimming(
            Arc::clone(&self.catalog) as Arc<dyn Catalog>,
            Arc::clone(&registry),
            move |shard| is_ours.has(shard),
            // When days pass here they do: no clock is cautious.
            clock,
            StoreMetrics::register(&prometheus::Registry::new())?,
            TRIM_EVERY,
            stop.clone(),
        );
        tokio::spawn(trimming);
        let service = ShardServer {
            served: Arc::new(served),
            formed,
            keys,
            store,
            own,
            ending: ending.clone(),
        };
        service.recall()?;
        let replicas = RaftServer::new(
            Arc::clone(&peers),
            Arc::clone(&registry) as _,
            ending.clone(),
        );
        let leading = tokio::spawn(Arc::clone(&registry).keep_led());
        let ends = ending.clone();
        let serving = Server::builder()
            .add_service(service.into_service())
            .add_service(replicas.into_service())
            .serve_with_incoming_shutdown(network::incoming().await?, async move {
                ends.cancelled().await;
            });
        let serving = tokio::spawn(serving);
        self.stop.notified().await;
        trace::note(|| format!("{} stops", self.name));
        peers.leave().await;
        registry.hand_over().await;
        ending.cancel();
        let grace = Duration::from_secs(2);
        let _ = tokio::time::timeout(grace, serving).await;
        leading.abort();
        stop.cancel();
        registry.stop().await;
        trace::note(|| format!("{} stopped", self.name));
        Ok(())
    }

    /// Groups rest sooner than in earnest, so that there are rests to be woken from.
    fn limits(&self) -> ShardLimits {
        ShardLimits {
            idle_after: self.dice.millis(1_000..=10_000),
            // Reads come from the disk as well as from memory.
            tail_cache_bytes_max: self.dice.below(64 << 10),
            // From so slow that a refill takes seconds of a run, to more than is ever asked for.
            catch_up_bytes_per_sec: Some(1 << self.dice.within(13..=25)),
            ..ShardLimits::default()
        }
    }
}
