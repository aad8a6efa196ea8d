//! The story of one look: measure everything once, then decide for each stream for itself, so that one that fails stops no
//! other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anabranch::autoscaling::{Room, stream_loads};
use anabranch::catalog::Catalog as _;
use anabranch::catalog::kubernetes::KubernetesCatalog;
use anabranch::clock::Clock;
use anabranch::serving::RemoteShards;
use anabranch_crds::DataStream;
use anabranch_domain::StreamUid;
use anabranch_domain::autoscale::{History, Memoir, shards_to_sketch};
use kube::{Resource as _, ResourceExt};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::board::{Board, Notice};
use super::metrics::AutoscalingMetrics;
use super::observe::{Observation, Observer};
use super::prometheus::Prometheus;
use super::{apply, plan, policy, status};
use crate::events::Announcer;
use crate::pools::Rooms;
use crate::streams::Home;

/// How often what is remembered is written down, unless something is done: a status is no log.
const REMEMBER_EVERY: Duration = Duration::from_mins(5);

/// The autoscaler of all streams of a namespace.
pub struct Autoscaling {
    catalog: Arc<KubernetesCatalog>,
    clock: Arc<dyn Clock>,
    announcer: Announcer,
    board: Arc<Board>,
    rooms: Arc<Rooms>,
    metrics: AutoscalingMetrics,
    observer: Observer,
    known: BTreeMap<StreamUid, Known>,
}

/// What is known of one stream.
struct Known {
    history: History,
    /// What was written down last, and when.
    memory: Option<String>,
    remembered_at: anabranch_domain::Timestamp,
}

impl Autoscaling {
    /// One that has not looked yet.
    #[allow(clippy::too_many_arguments)] // One of each.
    pub fn new(
        announcer: Announcer,
        catalog: Arc<KubernetesCatalog>,
        clock: Arc<dyn Clock>,
        prometheus: Option<Prometheus>,
        pods: Arc<RemoteShards>,
        board: Arc<Board>,
        rooms: Arc<Rooms>,
        metrics: AutoscalingMetrics,
    ) -> Self {
        Self {
            catalog,
            clock,
            announcer,
            board,
            rooms,
            metrics,
            observer: Observer::new(prometheus, pods),
            known: BTreeMap::new(),
        }
    }

    /// Looks every so often until it is told to stop.
    pub async fn run(mut self, every: Duration, stop: CancellationToken) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let looking = async {
            loop {
                ticks.tick().await;
                self.look().await;
            }
        };
        stop.run_until_cancelled(looking).await;
    }

    async fn look(&mut self) {
        let snapshot = self.catalog.snapshot();
        let now = self.clock.now();
        let observation = self.observer.look(&snapshot, now).await;
        if observation.trouble.is_some() {
            self.metrics.unanswered.inc();
        }
        let (objects, _) = self.catalog.wishes();
        let names: BTreeSet<_> = objects.iter().map(ResourceExt::name_any).collect();
        self.board.keep(&names);
        let alive: BTreeSet<_> = snapshot.streams.values().map(|stream| stream.uid).collect();
        self.known.retain(|stream, _| alive.contains(stream));
        let mut scaled = BTreeSet::new();
        // Streams of one pool share its room: what one takes now is gone for the next.
        let mut rooms = self.rooms.all();
        for object in &objects {
            scaled.extend(self.one(object, &observation, &mut rooms).await);
        }
        self.metrics.keep(&scaled);
    }

    /// Gives back the stream's name, if it is one that is scaled.
    async fn one(
        &mut self,
        object: &DataStream,
        observation: &Observation,
        rooms: &mut BTreeMap<String, u32>,
    ) -> Option<String> {
        let name = object.name_any();
        let stream = self.catalog.stream_of(&name).filter(|it| it.is_serving())?;
        let limits = policy::limits(object);
        let Some(policy) = policy::policy(object, &stream, &limits) else {
            self.board.write(&name, Notice::default());
            return None;
        };
        let now = self.clock.now();
        let home = Home::of(object);
        let replicas = rooms.get_mut(&home.pool);
        let room = replicas.as_deref().map_or(Room::Unknown, |replicas| {
            Room::For(replicas / home.factor.max(1))
        });
        let loads = stream_loads(&stream, limits, room, |shard| {
            observation.reading(&stream, shard)
        });
        let known = self
            .known
            .entry(stream.uid)
            .or_insert_with(|| resume(object, now));
        known.history.observe(&policy, &loads, now);
        let wanted = shards_to_sketch(&policy, &loads, &known.history);
        let sketches = if wanted.is_empty() {
            BTreeMap::new()
        } else {
            self.observer.sketches(&stream, &wanted, now).await
        };
        let decision = plan::decision(object, &policy, &loads, &sketches, &known.history, now);
        let label = stream.name.as_str();
        self.metrics.show(label, &decision.plan);
        let is_due = now.saturating_since(known.remembered_at) >= REMEMBER_EVERY;
        if is_due || decision.reason.is_some() || known.memory.is_none() {
            known.memory = serde_json::to_string(&known.history.memoir()).ok();
            known.remembered_at = now;
        }
        let before = self.board.read(&name);
        let said_before = before.as_ref().and_then(|notice| notice.status.as_ref());
        let in_object = object.status.as_ref();
        let in_object = in_object.and_then(|status| status.autoscaling.as_ref());
        let notice = status::notice(
            &decision,
            observation.trouble.as_deref(),
            known.memory.clone(),
            said_before.or(in_object),
            now,
        );
        self.board.write(&name, notice);
        let Some(reason) = decision.reason.clone().filter(|_| !decision.is_dry) else {
            return Some(label.to_owned());
        };
        if let Some(replicas) = replicas {
            let taken = decision.plan.new_shards().saturating_mul(home.factor);
            *replicas = replicas.saturating_sub(taken);
        }
        match apply::reshard(&self.catalog, &stream, &decision, reason.clone()).await {
            Ok(()) => {
                self.metrics.resharded(label);
                info!(stream = name, reason, "resharding");
                let reference = object.object_ref(&());
                self.announcer
                    .tell(&reference, apply::announcement(&reason));
            }
            Err(failure) => warn!(stream = name, %failure, reason, "not resharded"),
        }
        Some(label.to_owned())
    }
}

/// What an operator before this one wrote down. What cannot be read is forgotten: it costs patience, not records.
fn resume(object: &DataStream, now: anabranch_domain::Timestamp) -> Known {
    let status = object.status.as_ref();
    let memory = status
        .and_then(|status| status.autoscaling.as_ref())
        .and_then(|autoscaling| autoscaling.memory.clone());
    let memoir = memory.as_deref().map(serde_json::from_str::<Memoir>);
    let history = match memoir {
        Some(Ok(memoir)) => History::resumed(memoir, now),
        _ => History::default(),
    };
    Known {
        history,
        memory,
        remembered_at: now,
    }
}
