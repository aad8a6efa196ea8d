//! The autoscaler of a node that is alone: looks every few seconds, decides, and asks its own catalog for the reshard.
//!
//! On-demand streams only: a provisioned one's shards are its owner's. Begins anew at a start, with a quarter of an hour
//! before the first merge; in a cluster the operator remembers more.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::autoscale::{History, Plan, WriteLimits, decide, shards_to_sketch};
use anabranch_domain::catalog::{RecutStream, Stream, StreamMode};
use anabranch_domain::quota::ShardLimits;
use anabranch_domain::{ShardUid, StreamUid};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::loads::{Room, on_demand_policy, stream_loads};
use super::{Counts, Meter};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::serving::ServedShards;

/// How often it looks: as often as a quick scrape.
const EVERY: Duration = Duration::from_secs(5);
/// The longest reason that is kept.
const REASON_BYTES_MAX: usize = 1_024;

/// The loop and what it remembers.
pub struct Autoscaler {
    catalog: Arc<dyn Catalog>,
    served: Arc<ServedShards>,
    clock: Arc<dyn Clock>,
    limits: WriteLimits,
    meter: Meter,
    histories: HashMap<StreamUid, History>,
    /// Streams whose hot key was told of.
    told: HashSet<StreamUid>,
}

impl Autoscaler {
    /// One that has not looked yet.
    pub fn new(
        catalog: Arc<dyn Catalog>,
        served: Arc<ServedShards>,
        clock: Arc<dyn Clock>,
        limits: &ShardLimits,
    ) -> Self {
        Self {
            catalog,
            served,
            clock,
            limits: WriteLimits::of(limits),
            meter: Meter::default(),
            histories: HashMap::new(),
            told: HashSet::new(),
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
    }

    /// One look at all on-demand streams.
    pub(super) async fn look(&mut self) {
        let snapshot = self.catalog.snapshot();
        let streams: Vec<_> = snapshot
            .streams
            .values()
            .filter(|stream| stream.mode == StreamMode::OnDemand && stream.is_serving())
            .cloned()
            .collect();
        let alive: HashSet<_> = streams.iter().map(|stream| stream.uid).collect();
        self.histories.retain(|stream, _| alive.contains(stream));
        self.told.retain(|stream| alive.contains(stream));
        let shards = streams.iter().flat_map(|stream| stream.shards.values());
        let shards: HashSet<ShardUid> = shards.map(|shard| shard.uid).collect();
        self.meter.keep(&shards);
        for stream in &streams {
            let plan = self.plan(stream);
            self.tell(stream, &plan);
            if !plan.is_empty() {
                self.carry_out(stream, &plan).await;
            }
        }
    }

    fn plan(&mut self, stream: &Stream) -> Plan {
        let now = self.clock.now();
        let (served, meter) = (&self.served, &mut self.meter);
        let loads = stream_loads(stream, self.limits, Room::Unknown, |shard| {
            // Nothing is between the counters and this: a shard without any was offered nothing.
            let counters = served.metrics.counts(shard.uid);
            let counts = counters.map_or_else(Counts::default, |it| it.counts());
            meter.read(shard.uid, counts, now)
        });
        let policy = on_demand_policy(stream, &self.limits);
        let history = self.histories.entry(stream.uid).or_default();
        history.observe(&policy, &loads, now);
        let wanted = shards_to_sketch(&policy, &loads, history).into_iter();
        let sketches = wanted.filter_map(|id| {
            let shard = stream.shards.get(&id)?;
            Some((id, served.sketches.of(shard.uid)?))
        });
        decide(&policy, &loads, &sketches.collect(), history, now)
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

    async fn carry_out(&self, stream: &Stream, plan: &Plan) {
        let reason = plan.reason(REASON_BYTES_MAX);
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
