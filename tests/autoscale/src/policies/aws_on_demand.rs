//! Kinesis on-demand as it is documented: a shard above half its limit is split in even halves within 15 minutes; capacity
//! follows the peak of 30 days, so nothing is merged in a day.
//!
//! Page: <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>

use std::collections::HashMap;

use anabranch_domain::ShardId;

use super::{Means, even_cuts};
use crate::stream::SimulatedStream;

const HALF: f64 = 0.5;
const LATE_SECS: std::ops::RangeInclusive<usize> = 300..=900;

pub(crate) struct AwsOnDemand {
    means: Means,
    due: HashMap<ShardId, usize>,
    random: fastrand::Rng,
}

impl AwsOnDemand {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            means: Means::over(60.0),
            due: HashMap::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }
}

impl super::Policy for AwsOnDemand {
    fn tick(&mut self, stream: &mut SimulatedStream, second: usize) {
        self.means.take(&stream.shards);
        let mut cuts = Vec::new();
        for shard in &stream.shards {
            if self.means.get(shard) <= HALF || shard.range.span() == 0 {
                continue;
            }
            let late = self.random.usize(LATE_SECS);
            if second >= *self.due.entry(shard.id).or_insert(second + late) {
                cuts.extend(even_cuts(shard, 2));
                self.due.remove(&shard.id);
            }
        }
        if !cuts.is_empty() && !stream.is_resharding() {
            stream.reshard(&cuts, &[], second, 0);
        }
    }
}
