//! Pulsar's PIP-483: every minute one action at most. The segment with the highest rate is split in halves when it is above
//! its limit, a minute after the last split; two neighbours below a tenth are merged, five minutes after the last merge.

use super::{Means, even_cuts};
use crate::stream::SimulatedStream;

const SPLIT_ABOVE: f64 = 0.8;
const MERGE_BELOW: f64 = 0.1;

pub(crate) struct Pip483 {
    means: Means,
    merged_at: usize,
}

impl Pip483 {
    pub(crate) fn new() -> Self {
        Self {
            means: Means::over(60.0),
            merged_at: 0,
        }
    }
}

impl super::Policy for Pip483 {
    fn tick(&mut self, stream: &mut SimulatedStream, second: usize) {
        self.means.take(&stream.shards);
        if !second.is_multiple_of(60) || stream.is_resharding() {
            return;
        }
        let hottest = stream
            .shards
            .iter()
            .filter(|shard| shard.range.span() > 0)
            .max_by(|one, other| self.means.get(one).total_cmp(&self.means.get(other)));
        if let Some(hottest) = hottest.filter(|shard| self.means.get(shard) > SPLIT_ABOVE) {
            let cuts = even_cuts(hottest, 2);
            stream.reshard(&cuts, &[], second, 2);
            return;
        }
        let cold = stream.shards.windows(2).find(|pair| {
            let [left, right] = pair else { return false };
            self.means.get(left) < MERGE_BELOW && self.means.get(right) < MERGE_BELOW
        });
        if let Some([_, right]) = cold
            && second - self.merged_at >= 300
        {
            let boundary = right.range.start();
            self.merged_at = second;
            stream.reshard(&[], &[boundary], second, 2);
        }
    }
}
