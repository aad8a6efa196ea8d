//! What holds of every decision, whatever the load does.

use std::time::Duration;

use proptest::prelude::*;

use super::fixture::*;
use super::{History, Memoir, Merge, Policy};
use crate::HashKeyRange;

/// How the load is in one stretch of time.
#[derive(Clone, Debug)]
struct Stretch {
    looks: u32,
    load: f64,
    /// Which part of the ring has most of it.
    front: u128,
    /// One in so many readings is missing.
    gaps: u32,
}

fn a_stretch() -> impl Strategy<Value = Stretch> {
    (1_u32..120, 0.0_f64..30.0, any::<u128>(), 0_u32..6).prop_map(|(looks, load, front, gaps)| {
        Stretch {
            looks,
            load,
            front: front >> 3,
            gaps,
        }
    })
}

fn a_story() -> impl Strategy<Value = (Policy, u32, Vec<Stretch>)> {
    let bounds = (1_u32..10, 1_u32..40, 0_u32..10, 1_u32..30);
    (bounds, prop::collection::vec(a_stretch(), 1..8)).prop_map(
        |((min, more, warm, shards), stretches)| {
            let mut policy = Policy::new(min, min + more);
            policy.warm_shards = warm;
            // So that a story of some minutes has merges.
            policy.scale_down.stabilization = Duration::from_secs(45);
            (policy, shards.min(min + more), stretches)
        },
    )
}

fn offered(stretch: &Stretch) -> impl Fn(HashKeyRange) -> f64 {
    let front = HashKeyRange::new(
        crate::HashKey::new(stretch.front),
        crate::HashKey::new(stretch.front + u128::MAX / 16),
    );
    let (front, load) = (front.expect("it ends after its start"), stretch.load);
    move |range| {
        let start = front.start().max(range.start());
        let end = front.end().min(range.end());
        let within = HashKeyRange::new(start, end).map_or(0.0, |it| share(it) * 16.0);
        load * (0.3 * share(range) + 0.7 * within)
    }
}

proptest! {
    #[test]
    fn every_plan_keeps_the_tiling_and_the_bounds((policy, shards, story) in a_story()) {
        let mut bench = Bench::new(policy, shards);
        for stretch in story {
            let load = offered(&stretch);
            for look in 0..stretch.looks {
                bench.now = bench.now.plus(EVERY);
                let mut loads = bench.loads(&load);
                for (index, shard) in (look..).zip(&mut loads.shards) {
                    if stretch.gaps > 0 && index.is_multiple_of(stretch.gaps * 7) {
                        shard.reading = None;
                    }
                }
                let before = bench.count();
                let plan = bench.look_at(&loads);
                let again = bench.look_at(&loads);
                prop_assert_eq!(&plan, &again, "the same again is the same plan");
                let after = plan.shards_after();
                prop_assert!(after <= bench.policy.max_shards.max(before));
                prop_assert!(plan.merges.is_empty() || after >= bench.policy.floor().min(before));
                let fewer: u32 = plan.merges.iter().map(Merge::loss).sum();
                prop_assert!(fewer <= before.div_ceil(2));
                let is_silent = loads.shards.iter().all(|it| it.reading.is_none());
                prop_assert!(!is_silent || plan.merges.is_empty());
                for split in &plan.splits {
                    let shard = loads.shard(split.shard).expect("it is one of them");
                    prop_assert!(split.parts(shard.range).is_some(), "cuts lie inside and grow");
                }
                bench.carry_out(&plan);
                prop_assert!(bench.tiles());
                prop_assert_eq!(bench.count(), after);
            }
        }
    }

    #[test]
    fn what_is_not_measured_for_longer_than_fresh_is_never_merged((policy, shards, story) in a_story()) {
        let mut bench = Bench::new(policy, shards);
        for stretch in story {
            bench.run(EVERY * stretch.looks, &offered(&stretch));
        }
        let fresh = bench.policy.fresh_within;
        let last = bench.now;
        for _ in 0..200 {
            bench.now = bench.now.plus(EVERY);
            let mut loads = bench.loads(&even(0.0));
            for shard in &mut loads.shards {
                shard.reading = None;
            }
            let plan = bench.look_at(&loads);
            if bench.now > last.plus(fresh) {
                prop_assert!(plan.merges.is_empty());
            }
        }
    }

    #[test]
    fn a_steady_load_ends_in_rest((policy, shards, story) in a_story()) {
        let mut bench = Bench::new(policy, shards);
        let stretch = &story[0];
        let load = offered(stretch);
        bench.run(Duration::from_mins(40), &load);
        let resharded = bench.resharded;
        bench.run(Duration::from_mins(40), &load);
        prop_assert_eq!(bench.resharded, resharded, "{} shards", bench.count());
    }

    #[test]
    fn a_memoir_comes_back((policy, shards, story) in a_story()) {
        let mut bench = Bench::new(policy, shards);
        for stretch in story {
            bench.run(EVERY * stretch.looks, &offered(&stretch));
        }
        let memoir = bench.history.memoir();
        let text = serde_json::to_string(&memoir).expect("it can be written");
        prop_assert!(text.len() < 32_000, "{}", text.len());
        let read: Memoir = serde_json::from_str(&text).expect("it can be read");
        let resumed = History::resumed(read, bench.now).memoir();
        prop_assert_eq!(serde_json::to_string(&resumed).expect("as before"), text);
    }
}
