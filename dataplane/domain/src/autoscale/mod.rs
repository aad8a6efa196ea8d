//! How many shards a stream should have and where they should be cut, from what is offered to each. Decides, and does nothing.
//!
//! ```text
//! loads ─► History::observe     averages of 15 s and 60 s, when each boundary was last needed
//!              │
//!              ▼
//! decide ─► splits   each shard that is offered too much, into as many parts as it needs, at the load's quantiles
//!        ─► merges   neighbours that could long have been one
//!        ─► guards   least and most, rates, room: what is not done, and why
//!              │
//!              ▼
//!           Plan     what to do now, with the numbers that decided; what limits; which key is hot
//! ```
//!
//! # Why it is like this
//!
//! * It looks at what is **offered**, accepted and refused together: a shard that throttles looks merely full otherwise.
//! * **Splits are quick, merges are lazy.** A split costs a shard for some minutes, a late split costs refused records. Two
//!   averages, because one that is quick enough for a step is too nervous for a shard that is nearly full.
//! * **A merge needs proof.** Each boundary remembers when the two shards beside it were last too much for one; what was not
//!   measured counts as needed. So silence, a gap, a start or a reshard by somebody else all end in waiting.
//! * **Flapping doubles patience.** A boundary that comes back within an hour of its removal stays twice as long, up to
//!   four hours; after a day it is like any other.
//! * **A hot key is isolated and named, never split for ever**: one key cannot be cut.
//! * **Nothing is remembered about what was decided**, only about what was seen: the same inputs give the same plan, and
//!   a plan that was not carried out is simply made again.
//!
//! **Invariants.** What a plan does keeps the ranges tiling; it never leads above `max_shards` or (by merging) below the floor;
//! no plan merges on a reading that is missing, old or absurd; one plan at a time: while the stream is being resharded there
//! is none.

mod averages;
mod cutting;
mod guards;
mod history;
mod hot_key;
mod loads;
mod memoir;
mod merging;
mod parity;
mod plan;
mod policy;
mod splitting;

pub use history::History;
pub use loads::{AbsurdReading, Reading, ShardLoad, StreamLoads, WriteLimits};
pub use memoir::Memoir;
pub use plan::{Hold, HotKey, Limit, Merge, MergeReason, Plan, Split, SplitReason};
pub use policy::{
    HotKeyPolicy, Policy, RatePolicy, RateUnit, ScalingRules, SelectPolicy, Strategy,
};

use std::collections::BTreeMap;

use crate::load_sketch::LoadSketch;
use crate::{ShardId, Timestamp};

#[cfg(test)]
mod autoscale_test;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod laws_test;

/// Sketches by shard, of those that were asked for ([`shards_to_sketch`]) and answered.
pub type Sketches = BTreeMap<ShardId, LoadSketch>;

/// The shards whose sketches a decision would want to see now.
pub fn shards_to_sketch(policy: &Policy, loads: &StreamLoads, history: &History) -> Vec<ShardId> {
    let floor_is_missed = loads.open_shards() < policy.floor();
    let near = splitting::SKETCH_FROM * policy.split_above_slow();
    let shards = loads.shards.iter().filter(|shard| {
        let averages = history.averages(shard.id);
        floor_is_missed || averages.is_some_and(|it| it.fast.max(it.slow) >= near)
    });
    shards.map(|shard| shard.id).collect()
}

/// What is to be done now, by a history that has seen `loads` ([`History::observe`]).
pub fn decide(
    policy: &Policy,
    loads: &StreamLoads,
    sketches: &Sketches,
    history: &History,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan::nothing(loads, history);
    if policy.is_paused {
        return plan.held(Hold::Paused);
    }
    if loads.is_resharding {
        return plan.held(Hold::Resharding);
    }
    if loads.limits.are_none() {
        return plan.held(Hold::NoLimits);
    }
    let measured = history.measured(policy, loads, now);
    let is_complete = measured.len() == loads.shards.len();
    plan.unmeasured = loads.shards.len() - measured.len();
    let wishes = match policy.strategy {
        Strategy::Load => splitting::by_load(policy, loads, sketches, &measured, now),
        Strategy::AwsOnDemand => parity::splits(policy, loads, &measured, now),
    };
    plan.hot_keys = wishes.hot_keys;
    plan.wants_shards(wishes.splits.iter().map(Split::gain).sum());
    let places = guards::admit_splits(policy, loads.room, history, wishes.splits, now, &mut plan);
    splitting::up_to_floor(policy, loads, sketches, now, &mut plan);
    if is_complete {
        let merges = match policy.strategy {
            Strategy::Load => merging::by_load(policy, loads, history, now, &mut plan),
            Strategy::AwsOnDemand => parity::merges(policy, loads, history, now),
        };
        guards::admit_merges(policy, places, history, merges, now, &mut plan);
    }
    if plan.is_empty() && !is_complete {
        return plan.held(Hold::Unmeasured);
    }
    plan
}
