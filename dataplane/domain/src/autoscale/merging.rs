//! Neighbours that could long have been one.

use std::time::Duration;

use super::history::{History, boundaries, together};
use super::loads::{ShardLoad, StreamLoads};
use super::plan::{Merge, MergeReason, Plan};
use super::policy::Policy;
use crate::Timestamp;

/// A shard this young is left alone, or a third of the window where that is shorter: its averages are young as well.
const YOUNG: Duration = Duration::from_mins(5);

/// The merges that the load allows, least loaded first; pairs may share a shard. Notes when the next one may be.
pub(super) fn by_load(
    policy: &Policy,
    loads: &StreamLoads,
    history: &History,
    now: Timestamp,
    plan: &mut Plan,
) -> Vec<Merge> {
    let mut candidates = Vec::new();
    let window = policy.scale_down.stabilization;
    let young = YOUNG.min(window / 3);
    for (left, right) in boundaries(loads) {
        let Some(sum) = sum(history, left, right) else {
            continue;
        };
        if sum >= policy.merge_below() {
            continue;
        }
        let opened_at = left.opened_at.max(right.opened_at);
        let Some(free_at) = history.free_at(policy, right, now) else {
            continue;
        };
        let free_at = free_at.max(opened_at.plus(young));
        if free_at <= now {
            let quiet_secs = now.saturating_since(free_at).as_secs() + window.as_secs();
            let why = MergeReason::Idle { sum, quiet_secs };
            candidates.push((sum, merge(left, right, why)));
        } else if plan.open_shards > policy.floor() {
            let sooner = plan.next_merge_at.map_or(free_at, |at| at.min(free_at));
            plan.next_merge_at = Some(sooner);
        }
    }
    if candidates.is_empty() && plan.open_shards > policy.max_shards {
        candidates = above_most(policy, loads, history);
    }
    candidates.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    candidates.into_iter().map(|(_, merge)| merge).collect()
}

/// More shards than somebody now says there may be: the neighbours that are offered least together.
fn above_most(policy: &Policy, loads: &StreamLoads, history: &History) -> Vec<(f64, Merge)> {
    let why = MergeReason::AboveMost {
        most: policy.max_shards,
    };
    let pairs = boundaries(loads)
        .filter_map(|(left, right)| Some((sum(history, left, right)?, merge(left, right, why))));
    pairs.collect()
}

fn sum(history: &History, left: &ShardLoad, right: &ShardLoad) -> Option<f64> {
    let averages = history.averages(left.id).zip(history.averages(right.id));
    averages.map(|(left, right)| together(left, right))
}

pub(super) fn merge(left: &ShardLoad, right: &ShardLoad, why: MergeReason) -> Merge {
    Merge {
        left: left.id,
        right: right.id,
        at: right.range.start(),
        why,
    }
}
