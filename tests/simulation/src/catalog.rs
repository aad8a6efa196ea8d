//! The catalog of a simulation: what a cluster keeps in Kubernetes objects, with the same decisions of the domain, and the
//! placement that the operator would have chosen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anabranch::catalog::{Catalog, CatalogError};
use anabranch::clock::Clock;
use anabranch_domain::catalog::{Account, Change, FanOutSource, Shard, Snapshot, Stream};
use anabranch_domain::quota::Limits;
use anabranch_domain::{PodName, ShardId};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::dice::Dice;
use crate::invariants::ranges_tile;
use crate::trace;

/// The one stream of a simulation.
pub(crate) const STREAM: &str = "clicks";

/// Desired state, which is there whatever happens to pods.
pub(crate) struct SimulatedCatalog {
    newest: Mutex<Arc<Snapshot>>,
    version: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    dice: Dice,
    pods: Vec<PodName>,
    /// Replicas that a new shard gets.
    factor: Mutex<usize>,
    fan_out_source: FanOutSource,
    /// The parents of every shard that was ever opened, by their indexes: those that expired, too.
    lineage: Mutex<BTreeMap<u32, Vec<u32>>>,
}

impl SimulatedCatalog {
    /// An empty one, for a cluster of `pods`.
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        dice: Dice,
        pods: Vec<PodName>,
        factor: usize,
    ) -> Arc<Self> {
        let account = Account::new(
            "000000000000".parse().expect("an account"),
            "us-east-1".parse().expect("a region"),
        );
        let snapshot = Snapshot::new(account, Limits::unlimited());
        Arc::new(Self {
            version: watch::Sender::new(snapshot.version),
            newest: Mutex::new(Arc::new(snapshot)),
            clock,
            fan_out_source: *dice.pick(&[FanOutSource::Leader, FanOutSource::AnyReplica]),
            dice,
            pods,
            factor: Mutex::new(factor),
            lineage: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Snapshot>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream, once it is made.
    pub(crate) fn stream(&self) -> Option<Arc<Stream>> {
        self.lock().stream(STREAM).cloned()
    }

    /// The parents of every shard that was ever opened, by their indexes.
    pub(crate) fn lineage(&self) -> BTreeMap<u32, Vec<u32>> {
        let lineage = self.lineage.lock();
        lineage.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on new shards get so many replicas.
    pub(crate) fn set_factor(&self, factor: usize) {
        *self.factor.lock().unwrap_or_else(PoisonError::into_inner) = factor;
    }

    /// So many pods, in any order, `kept` of them first.
    pub(crate) fn some_pods(&self, kept: &[PodName], count: usize) -> Vec<PodName> {
        let mut others: Vec<_> = self
            .pods
            .iter()
            .filter(|pod| !kept.contains(pod))
            .cloned()
            .collect();
        let mut chosen: Vec<_> = kept.iter().take(count).cloned().collect();
        while chosen.len() < count && !others.is_empty() {
            chosen.push(others.swap_remove(self.dice.below(others.len())));
        }
        chosen
    }

    /// Wants the replicas of a shard on these pods.
    pub(crate) fn place(&self, shard: ShardId, pods: Vec<PodName>) {
        let mut newest = self.lock();
        let Some(stream) = newest.stream(STREAM) else {
            return;
        };
        let mut stream = Stream::clone(stream);
        if let Some(found) = stream.shards.get(&shard) {
            trace::note(|| format!("{shard} is wanted on {}", names(&pods)));
            let replicas = pods;
            let placed = Shard {
                replicas,
                ..Shard::clone(found)
            };
            stream.shards.insert(shard, Arc::new(placed));
        }
        self.show(&mut newest, stream);
        self.version.send_replace(newest.version);
    }

    /// Applies a change at once.
    pub(crate) fn commit_now(&self, change: &Change) -> Result<(), CatalogError> {
        let mut newest = self.lock();
        let (after, _) = newest.apply(change, self.clock.now())?;
        *newest = Arc::new(after);
        if let Some(stream) = newest.stream(STREAM) {
            let stream = Stream::clone(stream);
            trace::note(|| shards(&stream));
            self.show(&mut newest, stream);
        }
        self.version.send_replace(newest.version);
        Ok(())
    }

    /// Makes a changed stream the newest, with a place for every shard that has none.
    fn show(&self, newest: &mut Arc<Snapshot>, mut stream: Stream) {
        stream.fan_out_source = self.fan_out_source;
        let count = *self.factor.lock().unwrap_or_else(PoisonError::into_inner);
        let placeless = stream
            .shards
            .values()
            .filter(|shard| shard.replicas.is_empty());
        for shard in placeless.cloned().collect::<Vec<_>>() {
            let replicas = self.some_pods(&[], count);
            trace::note(|| format!("{} is placed on {}", shard.id, names(&replicas)));
            let placed = Shard {
                replicas,
                ..Shard::clone(&shard)
            };
            stream.shards.insert(shard.id, Arc::new(placed));
        }
        let opened = stream
            .shards
            .values()
            .filter(|shard| shard.opened_at.is_some());
        let opened = opened.map(|shard| {
            let parents = shard.parents().map(ShardId::index);
            (shard.id.index(), parents.collect())
        });
        let lineage = self.lineage.lock();
        let mut lineage = lineage.unwrap_or_else(PoisonError::into_inner);
        lineage.extend(opened);
        if stream.is_serving()
            && let Some(what) = ranges_tile(&stream)
        {
            trace::violated("ranges tile", &what);
        }
        match newest.with_stream(stream) {
            Ok(next) => *newest = Arc::new(next),
            Err(broken) => trace::violated("ranges tile", &broken.to_string()),
        }
    }
}

fn names(pods: &[PodName]) -> String {
    let names: Vec<_> = pods.iter().map(PodName::as_str).collect();
    names.join(", ")
}

impl Catalog for SimulatedCatalog {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.lock())
    }

    fn commit(&self, change: Change) -> BoxFuture<'_, Result<Arc<Snapshot>, CatalogError>> {
        Box::pin(async move {
            tokio::time::sleep(self.dice.millis(1..=20)).await;
            self.commit_now(&change)?;
            Ok(self.snapshot())
        })
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

/// The catalog as one machine sees it: while it cannot be reached from there, it stays as it was, and takes no changes.
pub(crate) struct CatalogView {
    catalog: Arc<SimulatedCatalog>,
    /// What was last seen, while no more is.
    last_seen: Mutex<Option<Arc<Snapshot>>>,
}

impl CatalogView {
    pub(crate) fn of(catalog: &Arc<SimulatedCatalog>) -> Arc<Self> {
        Arc::new(Self {
            catalog: Arc::clone(catalog),
            last_seen: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Snapshot>>> {
        self.last_seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_away(&self) -> bool {
        self.lock().is_some()
    }

    pub(crate) fn go_away(&self) {
        let newest = self.catalog.snapshot();
        self.lock().get_or_insert(newest);
    }

    /// What was missed is seen at once.
    pub(crate) fn come_back(&self) {
        self.lock().take();
        self.catalog.version.send_modify(|_| ());
    }

    fn reached(&self) -> Result<(), CatalogError> {
        let away = || CatalogError::Unavailable("it cannot be reached".to_owned());
        if self.is_away() { Err(away()) } else { Ok(()) }
    }
}

impl Catalog for CatalogView {
    fn snapshot(&self) -> Arc<Snapshot> {
        let last_seen = self.lock().clone();
        last_seen.unwrap_or_else(|| self.catalog.snapshot())
    }

    fn commit(&self, change: Change) -> BoxFuture<'_, Result<Arc<Snapshot>, CatalogError>> {
        Box::pin(async move {
            self.reached()?;
            let committed = self.catalog.commit(change).await;
            // It may be done although nobody is told so.
            self.reached()?;
            committed
        })
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.catalog.subscribe()
    }
}

fn shards(stream: &Stream) -> String {
    let shards = stream.shards.values().map(|shard| {
        let status = format!("{:?}", shard.status);
        let status = status.split(' ').next().unwrap_or_default().to_owned();
        format!("{} {status}", shard.id.index())
    });
    format!(
        "catalog: {:?}, shards {}",
        stream.status,
        shards.collect::<Vec<_>>().join(", ")
    )
}
