//! AWS's on-demand mode, for who wants the same: a shard that is more than half full is cut in even halves, and there are
//! shards for twice the greatest load of the last 30 days. Skew and hot keys are not looked at, as AWS does not.
//!
//! Page: <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>

use std::collections::BTreeMap;

use super::averages::Averages;
use super::history::{History, boundaries};
use super::loads::StreamLoads;
use super::merging::pair;
use super::plan::{Merge, MergeReason, Split, SplitReason};
use super::policy::Policy;
use super::splitting::Wishes;
use super::{cutting, policy};
use crate::{ShardId, Timestamp};

/// A shard above this part of its limit is cut.
const HALF: f64 = 0.5;
/// Capacity for this many times the greatest load is kept.
const TIMES_THE_PEAK: f64 = 2.0;

pub(super) fn splits(
    policy: &Policy,
    loads: &StreamLoads,
    measured: &BTreeMap<ShardId, Averages>,
    now: Timestamp,
) -> Wishes {
    let is_off = policy.scale_up.select == policy::SelectPolicy::Disabled;
    let settled = std::time::Duration::from_mins(1);
    let over = loads.shards.iter().filter_map(|shard| {
        let averages = measured.get(&shard.id)?;
        let is_old = now.saturating_since(shard.opened_at) >= settled;
        if is_off || !is_old || averages.slow <= HALF {
            return None;
        }
        let at = cutting::evenly(shard.range, 2);
        let why = SplitReason::Load {
            fast: averages.fast,
            slow: averages.slow,
            demand: averages.slow,
            refused_share: averages.refused_share,
            is_by_sketch: false,
        };
        (!at.is_empty()).then_some(Split {
            shard: shard.id,
            at,
            why,
        })
    });
    Wishes {
        splits: over.collect(),
        hot_keys: Vec::new(),
    }
}

/// What is more than twice the peak may go, by the pairs that are least full.
pub(super) fn merges(
    policy: &Policy,
    loads: &StreamLoads,
    history: &History,
    now: Timestamp,
) -> Vec<Merge> {
    if f64::from(loads.open_shards()) <= (history.peak() * TIMES_THE_PEAK).ceil() {
        return Vec::new();
    }
    let pairs = boundaries(loads).filter_map(|(left, right)| {
        let sum = history.averages(left.id)?.slow + history.averages(right.id)?.slow;
        let is_free = history.free_at(policy, right, now)? <= now;
        let window = policy.scale_down.stabilization;
        let why = MergeReason::Idle {
            sum,
            quiet_secs: window.as_secs(),
        };
        (is_free && sum < HALF).then(|| (sum, pair(left, right, why)))
    });
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let spare = f64::from(loads.open_shards()) - (history.peak() * TIMES_THE_PEAK).ceil();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and at most the number of shards"
    )]
    let spare = spare as usize;
    pairs.into_iter().take(spare).map(|(_, it)| it).collect()
}
