//! What was measured: by Prometheus, or by asking the pods where there is none that answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anabranch::autoscaling::{Counts, Meter};
use anabranch::serving::{RemoteShards, ShardTraffic};
use anabranch_domain::autoscale::{Reading, Sketches};
use anabranch_domain::catalog::{Shard, Snapshot, Stream};
use anabranch_domain::{PodName, ShardId, ShardUid, Timestamp};
use futures_util::stream::{self, StreamExt as _};
use tracing::warn;

use super::prometheus::{Prometheus, Readings};

/// Pods that are asked at a time.
const AT_ONCE: usize = 16;

/// Where measurements come from.
pub(super) struct Observer {
    pub(super) prometheus: Option<Prometheus>,
    pub(super) pods: Arc<RemoteShards>,
    meter: Meter,
    /// Whether the last query was answered: what changes is told once.
    was_answered: bool,
}

/// What was measured at one time.
pub(super) struct Observation {
    by_name: Readings,
    by_uid: BTreeMap<ShardUid, Reading>,
    /// Why Prometheus was not asked or did not answer; none: it did.
    pub(super) trouble: Option<String>,
}

impl Observation {
    /// A shard's newest reading.
    pub(super) fn reading(&self, stream: &Stream, shard: &Shard) -> Option<Reading> {
        let name = (stream.name.as_str().to_owned(), shard.id);
        let by_name = self.by_name.get(&name);
        by_name.or_else(|| self.by_uid.get(&shard.uid)).copied()
    }
}

impl Observer {
    pub(super) fn new(prometheus: Option<Prometheus>, pods: Arc<RemoteShards>) -> Self {
        Self {
            prometheus,
            pods,
            meter: Meter::default(),
            was_answered: true,
        }
    }

    /// One look at everything.
    pub(super) async fn look(&mut self, snapshot: &Snapshot, now: Timestamp) -> Observation {
        let asked = match &self.prometheus {
            Some(prometheus) => prometheus.readings(now).await,
            None => Err(anyhow::anyhow!("no Prometheus is configured")),
        };
        let failure = match asked {
            Ok(by_name) => {
                self.was_answered = true;
                return Observation {
                    by_name,
                    by_uid: BTreeMap::new(),
                    trouble: None,
                };
            }
            Err(failure) => failure,
        };
        let trouble = format!("{failure:#}");
        if std::mem::replace(&mut self.was_answered, false) {
            warn!(trouble, "no metrics from Prometheus: asking the pods");
        }
        Observation {
            by_name: Readings::new(),
            by_uid: self.ask_pods(snapshot, now).await,
            trouble: Some(trouble),
        }
    }

    async fn ask_pods(
        &mut self,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> BTreeMap<ShardUid, Reading> {
        let shards = snapshot
            .streams
            .values()
            .flat_map(|stream| stream.shards.values())
            .filter(|shard| shard.status.is_routable());
        let (mut pods, mut open) = (BTreeSet::new(), std::collections::HashSet::new());
        for shard in shards {
            open.insert(shard.uid);
            pods.extend(shard.replicas.iter().cloned());
        }
        self.meter.keep(&open);
        // Of several replicas one leads and counts; the others' counters stand still, below its.
        let mut counts: BTreeMap<ShardUid, Counts> = BTreeMap::new();
        for traffic in self.traffic(pods, &[]).await {
            let most = counts.entry(traffic.uid).or_insert(traffic.counts);
            if traffic.counts.accepted_bytes > most.accepted_bytes {
                *most = traffic.counts;
            }
        }
        let counts = counts.into_iter().filter(|(uid, _)| open.contains(uid));
        let readings =
            counts.filter_map(|(uid, counts)| Some((uid, self.meter.read(uid, counts, now)?)));
        readings.collect()
    }

    /// The sketches of some shards of a stream, from the pods that have them; of several replicas the one that saw most.
    pub(super) async fn sketches(
        &self,
        stream: &Stream,
        wanted: &[ShardId],
        now: Timestamp,
    ) -> Sketches {
        let shards: Vec<_> = wanted
            .iter()
            .filter_map(|id| stream.shards.get(id))
            .collect();
        let pods = shards.iter().flat_map(|shard| shard.replicas.clone());
        let uids: Vec<_> = shards.iter().map(|shard| shard.uid).collect();
        let mut sketches = Sketches::new();
        for traffic in self.traffic(pods.collect(), &uids).await {
            let shard = shards.iter().find(|shard| shard.uid == traffic.uid);
            let (Some(shard), Some(sketch)) = (shard, traffic.sketch) else {
                continue;
            };
            let known = sketches.get(&shard.id).map_or(0.0, |it| it.weight(now));
            if sketch.weight(now) >= known {
                sketches.insert(shard.id, sketch);
            }
        }
        sketches
    }

    async fn traffic(
        &self,
        pods: BTreeSet<PodName>,
        sketches_of: &[ShardUid],
    ) -> Vec<ShardTraffic> {
        let answers = stream::iter(pods).map(|pod| async move {
            // A pod that does not answer leaves its shards without a reading: that holds, and is told.
            let answer = self.pods.loads(&pod, sketches_of).await;
            answer.unwrap_or_default()
        });
        answers.buffer_unordered(AT_ONCE).concat().await
    }
}
