//! A stream that is looked at every five seconds, whose plans are carried out at once.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use super::*;
use crate::{HashKey, HashKeyRange};

pub(super) const START: Timestamp = Timestamp::from_secs(1_700_000_000);
pub(super) const EVERY: Duration = Duration::from_secs(5);
const LIMIT: f64 = 1_048_576.0;

/// What a key range is offered, in bytes a second: how the load lies.
pub(super) type Offered<'a> = &'a dyn Fn(HashKeyRange) -> f64;

pub(super) struct Bench {
    pub(super) policy: Policy,
    pub(super) history: History,
    pub(super) shards: Vec<(ShardId, HashKeyRange, Timestamp)>,
    pub(super) now: Timestamp,
    pub(super) sketches: Sketches,
    pub(super) resharded: usize,
    next: u32,
}

impl Bench {
    pub(super) fn new(policy: Policy, shards: u32) -> Self {
        let ranges = HashKeyRange::ALL.even_split(NonZeroU32::new(shards).expect("some"));
        let ranges = ranges.expect("they fit").into_iter().zip(0..);
        Self {
            policy,
            history: History::default(),
            shards: ranges
                .map(|(range, index)| (id(index), range, START))
                .collect(),
            now: START,
            sketches: BTreeMap::new(),
            resharded: 0,
            next: shards,
        }
    }

    /// What is measured when each shard is offered what `offered` says of its range.
    pub(super) fn loads(&self, offered: Offered<'_>) -> StreamLoads {
        let shards = self
            .shards
            .iter()
            .map(|(shard, range, opened_at)| ShardLoad {
                id: *shard,
                range: *range,
                opened_at: *opened_at,
                reading: Some(reading(self.now, offered(*range))),
            });
        StreamLoads {
            shards: shards.collect(),
            limits: limits(),
            is_resharding: false,
            room: None,
        }
    }

    /// One look: time passes, `offered` is measured, and what is to be done is said.
    pub(super) fn look(&mut self, offered: Offered<'_>) -> Plan {
        self.now = self.now.plus(EVERY);
        let loads = self.loads(offered);
        self.look_at(&loads)
    }

    pub(super) fn look_at(&mut self, loads: &StreamLoads) -> Plan {
        self.history.observe(&self.policy, loads, self.now);
        decide(&self.policy, loads, &self.sketches, &self.history, self.now)
    }

    /// Looks for `length` and carries out what is said.
    pub(super) fn run(&mut self, length: Duration, offered: Offered<'_>) {
        let end = self.now.plus(length);
        while self.now < end {
            let plan = self.look(offered);
            self.carry_out(&plan);
        }
    }

    pub(super) fn carry_out(&mut self, plan: &Plan) {
        if plan.is_empty() {
            return;
        }
        self.resharded += 1;
        let mut starts: Vec<_> = self
            .shards
            .iter()
            .map(|(_, range, _)| range.start())
            .collect();
        starts.retain(|start| !plan.removed_boundaries().contains(start));
        starts.extend(plan.added_boundaries());
        starts.sort_unstable();
        let ends = starts
            .iter()
            .skip(1)
            .map(|next| next.predecessor().expect("not the first"));
        let ends: Vec<_> = ends.chain([HashKey::MAX]).collect();
        let before = std::mem::take(&mut self.shards);
        for (start, end) in starts.into_iter().zip(ends) {
            let range = HashKeyRange::new(start, end).expect("starts grow");
            let kept = before.iter().find(|(_, it, _)| *it == range).copied();
            self.shards.push(kept.unwrap_or_else(|| {
                self.next += 1;
                (id(self.next), range, self.now)
            }));
        }
    }

    pub(super) fn tiles(&self) -> bool {
        HashKeyRange::tile(self.shards.iter().map(|(_, range, _)| *range))
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.shards.len()).expect("few")
    }
}

pub(super) fn id(index: u32) -> ShardId {
    ShardId::new(index).expect("small")
}

pub(super) fn limits() -> WriteLimits {
    WriteLimits {
        bytes_per_sec: Some(1_048_576),
        records_per_sec: Some(1_000),
    }
}

/// A shard that is offered `load` of its limit in large records, and refuses what is too much.
pub(super) fn reading(at: Timestamp, load: f64) -> Reading {
    let accepted = load.min(1.0) * LIMIT;
    let refused = (load - 1.0).max(0.0) * LIMIT;
    Reading::new(
        at,
        (accepted, accepted / 10_000.0),
        (refused, refused / 10_000.0),
    )
    .expect("it can be true")
}

/// So many shards' worth, evenly over the ring.
pub(super) fn even(load: f64) -> impl Fn(HashKeyRange) -> f64 {
    move |range| load * share(range)
}

/// The ring's part that is in a range.
#[allow(clippy::cast_precision_loss, reason = "a share")]
pub(super) fn share(range: HashKeyRange) -> f64 {
    range.span() as f64 / u128::MAX as f64
}
