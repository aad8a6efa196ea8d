//! The autoscaler of a node that is alone: looks every few seconds, decides, and asks its own catalog for the reshard.
//!
//! On-demand streams, and those whose manifest asks for it: another provisioned one's shards are its owner's. What a restart must
//! not forget is kept in a file once a minute.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anabranch_crds::DesiredStream;
use anabranch_domain::autoscale::{
    History, Memoir, Plan, Policy, WriteLimits, decide, shards_to_sketch,
};
use anabranch_domain::catalog::{RecutStream, Stream};
use anabranch_domain::{ShardUid, StreamUid, Timestamp};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::loads::{Room, stream_loads};
use super::{Counts, Meter, policy};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::recollection::Recollection;
use crate::serving::ServedShards;
use crate::throttling;

/// How often it looks: as often as a quick scrape.
const EVERY: Duration = Duration::from_secs(5);
/// How often what a restart must not forget is written down, beside when shards change.
const REMEMBER_EVERY: Duration = Duration::from_mins(1);
/// Where, in the data directory.
const MEMORY: &str = "autoscaling.json";
/// The longest reason that is kept.
const REASON_BYTES_MAX: usize = 1_024;

/// The loop and what it remembers.
pub struct Autoscaler {
    catalog: Arc<dyn Catalog>,
    served: Arc<ServedShards>,
    clock: Arc<dyn Clock>,
    /// What manifests say, by the stream's name.
    wishes: HashMap<String, DesiredStream>,
    recollection: Recollection,
    remembered_at: Timestamp,
    meter: Meter,
    histories: HashMap<StreamUid, History>,
    /// Streams whose hot key was told of.
    told: HashSet<StreamUid>,
    /// What was told of streams whose shards are not to be changed.
    advised: HashMap<StreamUid, String>,
}

impl Autoscaler {
    /// One that has not looked yet, and goes on with what the one before it knew.
    pub(crate) fn new(
        catalog: Arc<dyn Catalog>,
        served: Arc<ServedShards>,
        clock: Arc<dyn Clock>,
        wishes: Vec<DesiredStream>,
        recollection: Recollection,
    ) -> Self {
        let now = clock.now();
        let memoirs: HashMap<String, Memoir> = recollection.recall(MEMORY).unwrap_or_default();
        let histories = memoirs.into_iter().filter_map(|(stream, memoir)| {
            Some((stream.parse().ok()?, History::resumed(memoir, now)))
        });
        let by_name = wishes
            .into_iter()
            .map(|wish| (wish.stream_name.clone(), wish));
        Self {
            catalog,
            served,
            clock,
            wishes: by_name.collect(),
            recollection,
            remembered_at: now,
            meter: Meter::default(),
            histories: histories.collect(),
            told: HashSet::new(),
            advised: HashMap::new(),
        }
    }

    /// Looks until it is told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let looking = async {
            loop {
                ticks.tick().await;
                self.look().await;
            }
        };
        stop.run_until_cancelled(looking).await;
        self.remember();
    }

    /// One look at all streams that are scaled.
    pub(super) async fn look(&mut self) {
        let snapshot = self.catalog.snapshot();
        let streams = snapshot.streams.values();
        let scaled: Vec<_> = streams
            .filter(|stream| stream.is_serving())
            .filter_map(|stream| {
                let limits = self.limits(stream);
                let wish = self.wish(stream).and_then(|wish| wish.autoscaling.as_ref());
                let policy = policy(wish, stream, &limits)?;
                Some((Arc::clone(stream), policy, limits))
            })
            .collect();
        let alive: HashSet<_> = scaled.iter().map(|(stream, ..)| stream.uid).collect();
        self.histories.retain(|stream, _| alive.contains(stream));
        self.told.retain(|stream| alive.contains(stream));
        self.advised.retain(|stream, _| alive.contains(stream));
        let shards = scaled
            .iter()
            .flat_map(|(stream, ..)| stream.shards.values());
        let shards: HashSet<ShardUid> = shards.map(|shard| shard.uid).collect();
        self.meter.keep(&shards);
        let mut is_due = self.clock.now().saturating_since(self.remembered_at) >= REMEMBER_EVERY;
        for (stream, policy, limits) in &scaled {
            let plan = self.plan(stream, policy, *limits);
            self.tell(stream, &plan);
            if !plan.is_empty() {
                self.carry_out(stream, &plan).await;
                is_due = true;
            }
        }
        if is_due {
            self.remember();
        }
    }

    fn wish(&self, stream: &Stream) -> Option<&DesiredStream> {
        self.wishes.get(stream.name.as_str())
    }

    fn limits(&self, stream: &Stream) -> WriteLimits {
        let of_all = self.served.throttles.limits();
        let wish = self.wish(stream);
        WriteLimits::of(&wish.map_or(of_all, |wish| throttling::wished(wish.shard_limits, of_all)))
    }

    /// Writes down what the next start must not forget.
    fn remember(&mut self) {
        let histories = self.histories.iter();
        let memoirs: HashMap<String, Memoir> = histories
            .map(|(stream, history)| (stream.to_string(), history.memoir()))
            .collect();
        self.recollection.keep(MEMORY, &memoirs);
        self.remembered_at = self.clock.now();
    }

    fn plan(&mut self, stream: &Stream, policy: &Policy, limits: WriteLimits) -> Plan {
        let now = self.clock.now();
        let (served, meter) = (&self.served, &mut self.meter);
        let loads = stream_loads(stream, limits, Room::Unknown, |shard| {
            // Nothing is between the counters and this: a shard without any was offered nothing.
            let counters = served.metrics.counts(shard.uid);
            let counts = counters.map_or_else(Counts::default, |it| it.counts());
            meter.read(shard.uid, counts, now)
        });
        let history = self.histories.entry(stream.uid).or_default();
        history.observe(policy, &loads, now);
        let wanted = shards_to_sketch(policy, &loads, history).into_iter();
        let sketches = wanted.filter_map(|id| {
            let shard = stream.shards.get(&id)?;
            Some((id, served.sketches.of(shard.uid)?))
        });
        decide(policy, &loads, &sketches.collect(), history, now)
    }

    fn tell(&mut self, stream: &Stream, plan: &Plan) {
        if plan.hot_keys.is_empty() {
            self.told.remove(&stream.uid);
        } else if self.told.insert(stream.uid) {
            for hot in &plan.hot_keys {
                warn!(stream = %stream.name, %hot, "hot key");
            }
        }
    }

    async fn carry_out(&mut self, stream: &Stream, plan: &Plan) {
        let reason = plan.reason(REASON_BYTES_MAX);
        let wish = self.wish(stream).and_then(|wish| wish.autoscaling.as_ref());
        if wish.is_some_and(|wish| wish.dry_run) {
            // The numbers in it change with every look; what is to be done does not.
            let advice = format!(
                "{:?} {:?}",
                plan.added_boundaries(),
                plan.removed_boundaries()
            );
            if self.advised.insert(stream.uid, advice.clone()) != Some(advice) {
                info!(stream = %stream.name, reason, "would reshard, and was told not to (autoscaling.dryRun)");
            }
            return;
        }
        let change = RecutStream {
            stream: stream.name.clone(),
            added: plan.added_boundaries(),
            removed: plan.removed_boundaries(),
            decided_on: Some(stream.epoch),
            reason: reason.clone(),
        };
        match self.catalog.commit(change.into()).await {
            Ok(_) => info!(stream = %stream.name, reason, "resharding"),
            Err(failure) => warn!(stream = %stream.name, %failure, reason, "not resharded"),
        }
    }
}
