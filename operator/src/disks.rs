//! What is on the shard pods' disks, and how much is put there, asked once for all controllers.
//!
//! Whoever wants to know while it is being asked, or shortly after, is told the same. The catalog as it was before is kept
//! with the answers: a shard that was made since says nothing about a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anabranch::catalog::Catalog as _;
use anabranch::catalog::kubernetes::KubernetesCatalog;
use anabranch::serving::{Disk, KnownAddresses, RemoteShards};
use anabranch_domain::catalog::Snapshot;
use anabranch_domain::{PodName, ShardUid};
use futures_util::stream::{self, StreamExt as _};
use tracing::debug;

use crate::rates::Rates;

/// Pods that are asked at a time.
const AT_ONCE: usize = 16;
/// What is not older than this is not asked again.
const FRESH: Duration = Duration::from_millis(250);
/// How often it is asked what is put.
const COUNTED_EVERY: Duration = Duration::from_secs(5);

/// What the pods said at one time.
#[derive(Debug, Clone)]
pub struct Look {
    /// The catalog before they were asked.
    pub before: Arc<Snapshot>,
    /// Their disks. A pod that did not answer is not in it.
    pub disks: BTreeMap<PodName, Disk>,
    /// When the last had answered.
    pub at: Instant,
}

/// Asks the pods.
pub struct Disks {
    catalog: Arc<KubernetesCatalog>,
    remote: Arc<RemoteShards>,
    known: Arc<KnownAddresses>,
    asking: tokio::sync::Mutex<()>,
    last: Mutex<Option<Arc<Look>>>,
    rates: Mutex<Rates>,
}

impl Disks {
    /// Nobody was asked yet.
    pub fn new(
        catalog: Arc<KubernetesCatalog>,
        remote: Arc<RemoteShards>,
        known: Arc<KnownAddresses>,
    ) -> Self {
        Self {
            catalog,
            remote,
            known,
            asking: tokio::sync::Mutex::default(),
            last: Mutex::default(),
            rates: Mutex::default(),
        }
    }

    /// What they said last, however long ago.
    pub fn last(&self) -> Option<Arc<Look>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// What is put into a shard, in bytes a second over the last minutes; 0 also where that is not known.
    pub fn rate(&self, shard: ShardUid) -> u64 {
        self.rates().of(shard)
    }

    fn rates(&self) -> MutexGuard<'_, Rates> {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What they say now.
    pub async fn look(&self) -> Arc<Look> {
        let _one_asks = self.asking.lock().await;
        if let Some(last) = self.last().filter(|last| last.at.elapsed() < FRESH) {
            return last;
        }
        let before = self.catalog.snapshot();
        let shards = before.streams.values().flat_map(|it| it.shards.values());
        let wanted = shards.flat_map(|shard| shard.replicas.iter().cloned());
        // Those too that nothing is wanted on: something may be left there.
        let pods: BTreeSet<PodName> = wanted.chain(self.known.pods()).collect();
        let age = self.rates().age(Instant::now());
        let is_due = age.is_none_or(|age| age >= COUNTED_EVERY);
        let asked = stream::iter(pods.into_iter().map(|pod| async move {
            let disk = match self.remote.disk(&pod).await {
                Ok(disk) => disk,
                Err(failure) => {
                    debug!(%pod, failure, "pod does not answer");
                    return None;
                }
            };
            let counted = if is_due {
                self.counted(&pod).await
            } else {
                None
            };
            Some((pod, disk, counted))
        }));
        let answers: Vec<_> = asked.buffer_unordered(AT_ONCE).collect().await;
        let mut disks = BTreeMap::new();
        let mut counted = Vec::new();
        for (pod, disk, counts) in answers.into_iter().flatten() {
            counted.extend(counts.map(|counts| (pod.clone(), counts)));
            disks.insert(pod, disk);
        }
        if is_due {
            self.rates().take(&counted, Instant::now());
        }
        let look = Arc::new(Look {
            before,
            disks,
            at: Instant::now(),
        });
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Arc::clone(&look));
        look
    }

    /// What a pod has accepted of each of its shards since it started, in bytes.
    async fn counted(&self, pod: &PodName) -> Option<Vec<(ShardUid, u64)>> {
        match self.remote.loads(pod, &[]).await {
            Ok(loads) => {
                let counts = loads.into_iter();
                Some(
                    counts
                        .map(|it| (it.uid, it.counts.accepted_bytes))
                        .collect(),
                )
            }
            Err(failure) => {
                debug!(%pod, %failure, "pod does not say what is put");
                None
            }
        }
    }
}
