//! Ours: the product's own function, fed as the operator feeds it. Counters are scraped every five seconds, a rate is that
//! of the last two scrapes, and a decision is a second late.

use std::collections::HashMap;

use anabranch_domain::ShardId;
use anabranch_domain::autoscale::{
    History, Policy, Reading, ShardLoad, StreamLoads, WriteLimits, decide, shards_to_sketch,
};

use crate::stream::{SimulatedStream, at};

const SCRAPE_SECS: usize = 5;
/// Until the query is answered and a `Reshard` is begun.
const DELAY_SECS: usize = 2;
const BYTES_PER_SEC: u64 = 1 << 20;

pub(crate) struct Anabranch {
    /// When in its five seconds it is scraped.
    phase: usize,
    policy: Policy,
    history: History,
    scraped: HashMap<ShardId, Scraped>,
}

struct Scraped {
    at: usize,
    accepted: f64,
    refused: f64,
    reading: Option<Reading>,
}

impl Anabranch {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            phase: (seed % SCRAPE_SECS as u64) as usize,
            policy: Policy::new(1, 10_000),
            history: History::default(),
            scraped: HashMap::new(),
        }
    }

    fn scrape(&mut self, stream: &SimulatedStream, second: usize) {
        let before = std::mem::take(&mut self.scraped);
        for shard in &stream.shards {
            let reading = before.get(&shard.id).and_then(|last| {
                let secs = (second - last.at) as f64;
                let rate = |now: f64, then: f64| (now - then) * BYTES_PER_SEC as f64 / secs;
                let accepted = rate(shard.accepted, last.accepted);
                let refused = rate(shard.refused, last.refused);
                let records = 2_048.0;
                let with_records = |bytes: f64| (bytes, bytes / records);
                Reading::new(at(second), with_records(accepted), with_records(refused)).ok()
            });
            self.scraped.insert(
                shard.id,
                Scraped {
                    at: second,
                    accepted: shard.accepted,
                    refused: shard.refused,
                    reading,
                },
            );
        }
    }
}

impl super::Policy for Anabranch {
    fn tick(&mut self, stream: &mut SimulatedStream, second: usize) {
        if second % SCRAPE_SECS != self.phase {
            return;
        }
        self.scrape(stream, second);
        let shards = stream.shards.iter().map(|shard| ShardLoad {
            id: shard.id,
            range: shard.range,
            opened_at: at(shard.opened_at),
            reading: self.scraped.get(&shard.id).and_then(|it| it.reading),
        });
        let loads = StreamLoads {
            shards: shards.collect(),
            limits: WriteLimits {
                bytes_per_sec: Some(BYTES_PER_SEC),
                records_per_sec: Some(1_000),
            },
            is_resharding: stream.is_resharding(),
            room: None,
        };
        let now = at(second);
        self.history.observe(&self.policy, &loads, now);
        let wanted = shards_to_sketch(&self.policy, &loads, &self.history);
        let sketches = stream.shards.iter().filter(|it| wanted.contains(&it.id));
        let sketches = sketches.map(|shard| (shard.id, shard.sketch.clone()));
        let plan = decide(
            &self.policy,
            &loads,
            &sketches.collect(),
            &self.history,
            now,
        );
        if !plan.is_empty() {
            let (added, removed) = (plan.added_boundaries(), plan.removed_boundaries());
            stream.reshard(&added, &removed, second, DELAY_SECS);
        }
    }
}
