//! Pravega's `AutoScaleProcessor`: a segment is scaled up, in even parts, when its rate over 2, 5 or 10 minutes is above 5, 2
//! or 1 times the target; two are merged when all of theirs are below it and that of 20 minutes is below half. Each
//! segment is muted for 10 minutes after it was reported.

use std::collections::HashMap;

use anabranch_domain::ShardId;

use super::{Means, even_cuts};
use crate::stream::{Shard, SimulatedStream};

const TARGET: f64 = 0.65;
const MUTE_SECS: usize = 600;

pub(crate) struct Pravega {
    /// Over 2, 5, 10 and 20 minutes.
    rates: [Means; 4],
    reported: HashMap<ShardId, usize>,
}

impl Pravega {
    pub(crate) fn new() -> Self {
        Self {
            rates: [120.0, 300.0, 600.0, 1_200.0].map(Means::over),
            reported: HashMap::new(),
        }
    }

    fn rates(&self, shard: &Shard) -> [f64; 4] {
        [0, 1, 2, 3].map(|index: usize| self.rates[index].get(shard))
    }

    fn is_cold(&self, shard: &Shard, second: usize) -> bool {
        let rates = self.rates(shard);
        second - shard.opened_at >= 1_200
            && rates.iter().all(|rate| *rate < TARGET)
            && rates[3] < TARGET / 2.0
    }
}

impl super::Policy for Pravega {
    fn tick(&mut self, stream: &mut SimulatedStream, second: usize) {
        for rate in &mut self.rates {
            rate.take(&stream.shards);
        }
        if !second.is_multiple_of(10) || stream.is_resharding() {
            return;
        }
        let (mut added, mut removed, mut hot) = (Vec::new(), Vec::new(), Vec::new());
        for shard in &stream.shards {
            let [two, five, ten, _] = self.rates(shard);
            let age = second - shard.opened_at;
            let is_over = |secs: usize, rate: f64, times: f64| age >= secs && rate > times * TARGET;
            let is_hot =
                is_over(120, two, 5.0) || is_over(300, five, 2.0) || is_over(600, ten, 1.0);
            let is_muted = self
                .reported
                .get(&shard.id)
                .is_some_and(|when| second - when < MUTE_SECS);
            if is_hot && !is_muted {
                self.reported.insert(shard.id, second);
                hot.push(shard.id);
                let parts = (two.max(five).max(ten) / TARGET).ceil().clamp(2.0, 16.0);
                added.extend(even_cuts(shard, parts as u32));
            }
        }
        let mut pairs = stream.shards.windows(2);
        while let Some([left, right]) = pairs.next() {
            let are_cold = self.is_cold(left, second) && self.is_cold(right, second);
            if are_cold && !hot.contains(&left.id) && !hot.contains(&right.id) {
                removed.push(right.range.start());
                pairs.next();
            }
        }
        if !(added.is_empty() && removed.is_empty()) {
            stream.reshard(&added, &removed, second, 2);
        }
    }
}
