//! Neighbours that could long have been one.

use std::time::Duration;

use super::averages::Averages;
use super::history::{History, boundaries, together};
use super::loads::{ShardLoad, StreamLoads};
use super::plan::{Merge, MergeReason, Plan};
use super::policy::Policy;
use crate::{HashKey, Timestamp};

/// A shard this young is left alone, or a third of the window where that is shorter: its averages are young as well.
const YOUNG: Duration = Duration::from_mins(5);

/// The merges that the load allows, least loaded first. No shard is in two of them. Notes when the next one may be.
///
/// Two neighbours are judged by what their sum was over the whole window. Of three or more, that was not watched: those
/// become one only where their sum is now less than half as much as may be.
pub(super) fn by_load(
    policy: &Policy,
    loads: &StreamLoads,
    history: &History,
    now: Timestamp,
    plan: &mut Plan,
) -> Vec<Merge> {
    let mut runs: Vec<Run> = Vec::new();
    for (left, right) in boundaries(loads) {
        let averages = history.averages(left.id).zip(history.averages(right.id));
        let Some((of_left, of_right)) = averages else {
            continue;
        };
        if !may_go(
            policy,
            history,
            (left, of_left),
            (right, of_right),
            now,
            plan,
        ) {
            continue;
        }
        let current = runs.last_mut().filter(|run| run.ends_with(left));
        match current {
            Some(run) if run.sum_with(of_right) < policy.merge_below() / 2.0 => {
                run.extend(right, of_right);
            }
            // The run before has the left one already.
            Some(_) => {}
            None => runs.push(Run::new((left, of_left), (right, of_right))),
        }
    }
    if runs.is_empty() && plan.open_shards > policy.max_shards {
        return above_most(policy, loads, history);
    }
    runs.sort_by(|one, other| one.sum().total_cmp(&other.sum()));
    let window = policy.scale_down.stabilization;
    runs.into_iter().map(|run| run.into_merge(window)).collect()
}

/// Whether the boundary between two shards was long enough of no use. If not yet, notes when it will have been.
fn may_go(
    policy: &Policy,
    history: &History,
    (left, of_left): (&ShardLoad, &Averages),
    (right, of_right): (&ShardLoad, &Averages),
    now: Timestamp,
    plan: &mut Plan,
) -> bool {
    let Some(free_at) = history.free_at(policy, right, now) else {
        return false;
    };
    if together(of_left, of_right) >= policy.merge_below() {
        return false;
    }
    let young = YOUNG.min(policy.scale_down.stabilization / 3);
    let opened_at = left.opened_at.max(right.opened_at);
    let free_at = free_at.max(opened_at.plus(young));
    if free_at > now && plan.open_shards > policy.floor() {
        let sooner = plan.next_merge_at.map_or(free_at, |at| at.min(free_at));
        plan.next_merge_at = Some(sooner);
    }
    free_at <= now
}

/// Neighbours that become one.
struct Run {
    shards: Vec<crate::ShardId>,
    at: Vec<HashKey>,
    fast: f64,
    slow: f64,
}

impl Run {
    fn new(left: (&ShardLoad, &Averages), right: (&ShardLoad, &Averages)) -> Self {
        let mut run = Self {
            shards: vec![left.0.id],
            at: Vec::new(),
            fast: left.1.fast,
            slow: left.1.slow,
        };
        run.extend(right.0, right.1);
        run
    }

    fn extend(&mut self, next: &ShardLoad, averages: &Averages) {
        self.shards.push(next.id);
        self.at.push(next.range.start());
        self.fast += averages.fast;
        self.slow += averages.slow;
    }

    fn ends_with(&self, shard: &ShardLoad) -> bool {
        self.shards.last() == Some(&shard.id)
    }

    fn sum(&self) -> f64 {
        self.fast.max(self.slow)
    }

    fn sum_with(&self, next: &Averages) -> f64 {
        (self.fast + next.fast).max(self.slow + next.slow)
    }

    fn into_merge(self, quiet: Duration) -> Merge {
        let why = MergeReason::Idle {
            sum: self.sum(),
            quiet_secs: quiet.as_secs(),
        };
        Merge {
            shards: self.shards,
            at: self.at,
            why,
        }
    }
}

/// More shards than somebody now says there may be: the neighbours that are offered least together.
fn above_most(policy: &Policy, loads: &StreamLoads, history: &History) -> Vec<Merge> {
    let why = MergeReason::AboveMost {
        most: policy.max_shards,
    };
    let pairs = boundaries(loads).filter_map(|(left, right)| {
        let averages = history.averages(left.id).zip(history.averages(right.id))?;
        Some((together(averages.0, averages.1), pair(left, right, why)))
    });
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    pairs.into_iter().map(|(_, merge)| merge).collect()
}

pub(super) fn pair(left: &ShardLoad, right: &ShardLoad, why: MergeReason) -> Merge {
    Merge {
        shards: vec![left.id, right.id],
        at: vec![right.range.start()],
        why,
    }
}
