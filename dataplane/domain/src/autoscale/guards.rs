//! What is let through of what is wanted: bounds, rates, room, and how much at a time.

use std::collections::BTreeSet;

use super::history::History;
use super::plan::{Limit, Merge, Plan, Split};
use super::policy::{Policy, RatePolicy, RateUnit, ScalingRules, SelectPolicy};
use crate::{ShardId, Timestamp};

/// New shards of one plan; more follow with the next.
const ADDED_MAX: u32 = 256;

/// Which way a rate goes.
#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

/// Takes splits into the plan, the most wanted first, as far as everything allows. One for which there is not enough room
/// gets fewer parts. Gives back the room that is left.
pub(super) fn admit_splits(
    policy: &Policy,
    room: Option<u32>,
    history: &History,
    splits: Vec<Split>,
    now: Timestamp,
    plan: &mut Plan,
) -> u32 {
    let by_most = policy.max_shards.saturating_sub(plan.open_shards);
    let by_rate = allowed(&policy.scale_up, Way::Up, plan.open_shards, history, now);
    let by_bounds = by_most.min(by_rate);
    let limit = if by_bounds == by_most {
        Limit::MaxShards(policy.max_shards)
    } else {
        Limit::ScaleUpRate
    };
    let mut left = by_bounds.min(ADDED_MAX);
    let mut places = room.unwrap_or(u32::MAX);
    for mut split in splits {
        let by_room = places / 2;
        let wanted = split.gain();
        if wanted > left.min(by_room) {
            if by_room < left {
                plan.limited_by = room.map(Limit::Room);
            } else if by_bounds < ADDED_MAX {
                plan.limited_by = Some(limit);
            }
            split.at = fewer(&split.at, left.min(by_room) as usize);
        }
        if !split.at.is_empty() {
            left -= split.gain();
            places -= split.new_shards();
            plan.splits.push(split);
        }
    }
    places
}

/// `count` of the cuts, as evenly chosen as it goes.
fn fewer<T: Copy>(cuts: &[T], count: usize) -> Vec<T> {
    let chosen = (1..=count).map(|index| cuts[index * cuts.len() / (count + 1)]);
    if count < cuts.len() {
        chosen.collect()
    } else {
        cuts.to_vec()
    }
}

/// Takes merges into the plan, the least loaded first: none of shards that change already, not below the floor, and only as many as
/// there are `places` for.
pub(super) fn admit_merges(
    policy: &Policy,
    mut places: u32,
    history: &History,
    merges: Vec<Merge>,
    now: Timestamp,
    plan: &mut Plan,
) {
    let by_rate = allowed(
        &policy.scale_down,
        Way::Down,
        plan.open_shards,
        history,
        now,
    );
    let to_floor = plan.shards_after().saturating_sub(policy.floor());
    let mut left = by_rate.min(to_floor);
    let cut = plan.splits.iter().map(|split| split.shard);
    let mut busy: BTreeSet<ShardId> = cut.collect();
    let mut chosen = Vec::new();
    let mut wanted = 0_u32;
    for mut merge in merges {
        if merge.shards.iter().any(|shard| busy.contains(shard)) {
            continue;
        }
        busy.extend(&merge.shards);
        wanted += merge.loss();
        merge.at.truncate(left.min(places) as usize);
        merge.shards.truncate(merge.at.len() + 1);
        left -= merge.loss();
        places -= merge.loss();
        if !merge.at.is_empty() {
            chosen.push(merge);
        }
    }
    let floor = policy.floor();
    plan.wanted_shards = plan
        .wanted_shards
        .saturating_sub(wanted)
        .max(floor.min(plan.wanted_shards));
    chosen.sort_by(|one, other| one.at.cmp(&other.at));
    plan.merges = chosen;
}

/// How many shards more, or fewer, the rules let through now.
fn allowed(rules: &ScalingRules, way: Way, open: u32, history: &History, now: Timestamp) -> u32 {
    let of_policy = |policy: &RatePolicy| {
        let (added, removed) = history.changed_within(policy.period, now);
        // As the HorizontalPodAutoscaler: the rate is of what there was when the period began.
        let at_start = (open + removed).saturating_sub(added);
        let share = |percent: u32| {
            let share = u64::from(at_start) * u64::from(percent);
            u32::try_from(share.div_ceil(100)).unwrap_or(u32::MAX)
        };
        let step = match policy.unit {
            RateUnit::Shards => policy.value,
            RateUnit::Percent => share(policy.value),
        };
        match way {
            Way::Up => at_start.saturating_add(step).saturating_sub(open),
            Way::Down => open.saturating_sub(at_start.saturating_sub(step)),
        }
    };
    let each = rules.policies.iter().map(of_policy);
    match rules.select {
        SelectPolicy::Disabled => 0,
        SelectPolicy::Max => each.max().unwrap_or(u32::MAX),
        SelectPolicy::Min => each.min().unwrap_or(u32::MAX),
    }
}
