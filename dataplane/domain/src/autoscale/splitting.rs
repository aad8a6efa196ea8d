//! Shards that are offered too much, each cut into as many parts as it needs at once; and shards up to the floor.

use std::collections::BTreeMap;
use std::time::Duration;

use super::averages::Averages;
use super::cutting::{self, Wish};
use super::loads::{ShardLoad, StreamLoads};
use super::plan::{HotKey, Plan, Split, SplitReason};
use super::policy::{HotKeyPolicy, Policy, SelectPolicy};
use super::{Sketches, hot_key};
use crate::{ShardId, Timestamp};

/// A new shard is judged after this time: before, its readings are about how it began.
const SETTLED_AFTER: Duration = Duration::from_secs(8);
/// Parts of one shard at a time: a load that grew tenfold at once is answered at once, as four levels of splits. What is still
/// too much for its shard then is cut again a few seconds later.
pub(super) const PARTS_MAX: u32 = 16;
/// From this part of the threshold on, a shard's sketch is asked for, so that it is there when it is needed.
pub(super) const SKETCH_FROM: f64 = 0.8;

/// What the load asks for, before anything limits it.
pub(super) struct Wishes {
    /// Most wanted first.
    pub(super) splits: Vec<Split>,
    pub(super) hot_keys: Vec<HotKey>,
}

pub(super) fn by_load(
    policy: &Policy,
    loads: &StreamLoads,
    sketches: &Sketches,
    measured: &BTreeMap<ShardId, Averages>,
    now: Timestamp,
) -> Wishes {
    let mut over: Vec<_> = loads
        .shards
        .iter()
        .filter_map(|shard| Some((shard, measured.get(&shard.id)?)))
        .filter(|(shard, averages)| {
            let since = averages.over_since.unwrap_or(Timestamp::MAX);
            // What holds back does so from the first sight on.
            since <= now
                && now.saturating_since(since) >= policy.scale_up.stabilization
                && now.saturating_since(shard.opened_at) >= SETTLED_AFTER
        })
        .collect();
    over.sort_by(|(_, one), (_, other)| other.demand().total_cmp(&one.demand()));
    let mut wishes = Wishes {
        splits: Vec::new(),
        hot_keys: Vec::new(),
    };
    for (shard, averages) in over {
        let sketch = sketches.get(&shard.id).filter(|it| it.is_informed(now));
        let hot = sketch.and_then(|it| hot_key::filling(shard.id, it, averages.fast));
        wishes.hot_keys.extend(hot);
        let split = split(policy, shard, averages, sketches, PARTS_MAX, now);
        match split {
            Some(split) if policy.scale_up.select != SelectPolicy::Disabled => {
                wishes.splits.push(split);
            }
            None if hot.is_none() && averages.fast > policy.split_above_fast() => {
                let hot = hot_key::uncuttable(shard.id, sketch, averages.fast);
                wishes.hot_keys.push(hot);
            }
            // Nothing may be cut, or the key that fills it was named.
            Some(_) | None => {}
        }
    }
    wishes
}

/// How a shard is cut into at most `parts_max`; nothing where that is not possible.
fn split(
    policy: &Policy,
    shard: &ShardLoad,
    averages: &Averages,
    sketches: &Sketches,
    parts_max: u32,
    now: Timestamp,
) -> Option<Split> {
    if parts_max < 2 {
        return None;
    }
    let wish = Wish {
        demand: averages.demand(),
        target: policy.target,
        parts_max,
        isolates: policy.hot_key == HotKeyPolicy::Isolate,
    };
    let sketch = sketches
        .get(&shard.id)
        .filter(|it| it.is_informed(now) && it.range() == shard.range);
    let at = match sketch {
        Some(sketch) => cutting::by_sketch(sketch, &wish),
        None => cutting::blindly(shard.range, &wish),
    };
    let why = SplitReason::Load {
        fast: averages.fast,
        slow: averages.slow,
        demand: wish.demand,
        refused_share: averages.refused_share,
        is_by_sketch: sketch.is_some(),
    };
    (!at.is_empty()).then_some(Split {
        shard: shard.id,
        at,
        why,
    })
}

/// The shards that are missing to the floor are made of the ones with the widest ranges, whatever is measured.
pub(super) fn up_to_floor(
    policy: &Policy,
    loads: &StreamLoads,
    sketches: &Sketches,
    now: Timestamp,
    plan: &mut Plan,
) {
    let floor = policy.floor();
    plan.wanted_shards = plan.wanted_shards.max(floor);
    let mut missing = floor.saturating_sub(plan.shards_after());
    if missing == 0 {
        return;
    }
    let cut: Vec<_> = plan.splits.iter().map(|split| split.shard).collect();
    let mut widest: Vec<_> = loads
        .shards
        .iter()
        .filter(|shard| !cut.contains(&shard.id))
        .collect();
    widest.sort_by_key(|shard| std::cmp::Reverse(shard.range.span()));
    let of_each = missing.div_ceil(u32::try_from(widest.len().max(1)).unwrap_or(u32::MAX));
    for shard in widest {
        let parts = of_each.min(missing) + 1;
        let sketch = sketches
            .get(&shard.id)
            .filter(|it| it.is_informed(now) && it.range() == shard.range);
        let by_load = sketch.map(|sketch| sketch.cuts(parts));
        let at = by_load
            .filter(|cuts| cuts.len() + 1 == parts as usize)
            .unwrap_or_else(|| cutting::evenly(shard.range, parts));
        missing = missing.saturating_sub(u32::try_from(at.len()).unwrap_or(u32::MAX));
        if !at.is_empty() {
            plan.splits.push(Split {
                shard: shard.id,
                at,
                why: SplitReason::Floor { floor },
            });
        }
        if missing == 0 {
            break;
        }
    }
}
