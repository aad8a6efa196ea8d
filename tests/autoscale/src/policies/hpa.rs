//! The `HorizontalPodAutoscaler`'s rule, carried out as `UpdateShardCount`: every 15 s `ceil(shards × use ÷ target)`, not within
//! a tenth of the target, the greatest of the last five minutes on the way down, and all shards of equal width.

use std::collections::{BTreeSet, VecDeque};

use anabranch_domain::{HashKey, HashKeyRange};

use super::Means;
use crate::stream::SimulatedStream;

const TARGET: f64 = 0.65;
const TOLERANCE: f64 = 0.1;
const SYNC_SECS: usize = 15;
const STABILISATION_SECS: usize = 300;

pub(crate) struct HpaUniform {
    means: Means,
    wishes: VecDeque<(usize, usize)>,
}

impl HpaUniform {
    pub(crate) fn new() -> Self {
        Self {
            means: Means::over(15.0),
            wishes: VecDeque::new(),
        }
    }
}

impl super::Policy for HpaUniform {
    fn tick(&mut self, stream: &mut SimulatedStream, second: usize) {
        self.means.take(&stream.shards);
        if !second.is_multiple_of(SYNC_SECS) || stream.is_resharding() {
            return;
        }
        let count = stream.shards.len();
        let sum: f64 = stream.shards.iter().map(|it| self.means.get(it)).sum();
        let ratio = sum / count as f64 / TARGET;
        let wish = if (ratio - 1.0).abs() <= TOLERANCE {
            count
        } else {
            ((count as f64 * ratio).ceil() as usize).max(1)
        };
        self.wishes.push_back((second, wish));
        self.wishes
            .retain(|(when, _)| second - when <= STABILISATION_SECS);
        let stable = self.wishes.iter().map(|(_, wish)| *wish).max();
        let target = if wish < count {
            stable.unwrap_or(wish).min(count)
        } else {
            wish
        };
        if target == count {
            return;
        }
        let starts = |ranges: &mut dyn Iterator<Item = HashKeyRange>| -> BTreeSet<HashKey> {
            ranges.map(HashKeyRange::start).collect()
        };
        let now = starts(&mut stream.shards.iter().map(|shard| shard.range));
        let parts = u32::try_from(target)
            .ok()
            .and_then(std::num::NonZeroU32::new);
        let even = parts.and_then(|parts| HashKeyRange::ALL.even_split(parts));
        let wanted = starts(&mut even.unwrap_or_default().into_iter());
        let added: Vec<_> = wanted.difference(&now).copied().collect();
        let removed: Vec<_> = now.difference(&wanted).copied().collect();
        stream.reshard(&added, &removed, second, 2);
    }
}
