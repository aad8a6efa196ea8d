//! What is decided, case by case.

use std::time::Duration;

use super::fixture::*;
use super::*;
use crate::load_sketch::LoadSketch;
use crate::{HashKey, HashKeyRange};

const MINUTE: Duration = Duration::from_mins(1);

fn bench(shards: u32) -> Bench {
    Bench::new(Policy::new(1, 100), shards)
}

/// A sketch of a range in which one key has `share` of the load and the rest lies evenly.
fn sketch(range: HashKeyRange, key: HashKey, share: f64, now: Timestamp) -> LoadSketch {
    let mut sketch = LoadSketch::new(range, now);
    for step in 0..1_000_u128 {
        let even = HashKey::new(range.start().value() + range.span() / 1_000 * step);
        sketch.add(even, 1.0 - share, now);
        sketch.add(key, share, now);
    }
    sketch
}

#[test]
fn a_step_is_answered_within_three_looks_with_as_many_shards_as_it_needs() {
    let mut bench = bench(4);
    bench.run(MINUTE, &even(2.0));
    assert_eq!(bench.count(), 4, "half full is well");
    let mut looks = 0;
    while bench.count() == 4 {
        bench.run(EVERY, &even(8.0));
        looks += 1;
    }
    assert!(looks <= 3, "{looks}");
    bench.run(5 * MINUTE, &even(8.0));
    assert!((13..=20).contains(&bench.count()), "{}", bench.count());
    assert!(bench.resharded <= 3, "{}", bench.resharded);
}

#[test]
fn a_plan_says_why_in_numbers() {
    let mut bench = bench(1);
    bench.run(MINUTE, &even(0.5));
    let plan = bench.look(&even(4.0));
    let reason = plan.reason(1024);
    for part in [
        "1 to",
        "shardId-000000000000 cut into",
        "75 % refused",
        "evenly",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    assert!(plan.reason(120).len() <= 120);
}

#[test]
fn idle_neighbours_are_merged_lazily_and_down_to_the_floor() {
    let mut bench = Bench::new(Policy::new(2, 100), 8);
    bench.run(14 * MINUTE, &even(0.2));
    assert_eq!(bench.count(), 8, "a quarter of an hour of quiet is needed");
    while bench.count() == 8 {
        bench.run(EVERY, &even(0.2));
    }
    assert_eq!(bench.count(), 6, "a quarter at a time");
    bench.run(EVERY * 4, &even(0.2));
    assert_eq!(bench.count(), 6, "and some time between");
    bench.run(60 * MINUTE, &even(0.2));
    assert_eq!(bench.count(), 2);
    let plan = bench.look(&even(0.2));
    assert!(plan.is_empty() && plan.next_merge_at.is_none());
}

#[test]
fn what_was_merged_too_early_stays_twice_as_long() {
    let mut bench = Bench::new(Policy::new(1, 100), 2);
    let (quiet, busy) = (even(0.2), even(1.4));
    let lifetime = |bench: &mut Bench| {
        let since = bench.now;
        while bench.count() > 1 {
            bench.run(EVERY, &quiet);
        }
        let lived = bench.now.saturating_since(since);
        while bench.count() == 1 {
            bench.run(EVERY, &busy);
        }
        lived
    };
    let lives: Vec<_> = (0..6)
        .map(|_| lifetime(&mut bench).as_secs() / 60)
        .collect();
    assert!((15..=17).contains(&lives[0]), "{lives:?}");
    assert!((30..=37).contains(&lives[1]), "{lives:?}");
    assert!((60..=67).contains(&lives[2]), "{lives:?}");
    assert!(lives[5] <= 4 * 60 + 7, "{lives:?}");
}

#[test]
fn a_hot_key_is_isolated_then_named_and_not_split_for_ever() {
    let mut bench = bench(2);
    let hot = HashKey::new(u128::MAX / 4);
    let load =
        |range: HashKeyRange| 1.0 * share(range) + if range.contains(hot) { 1.6 } else { 0.0 };
    let mut named = None;
    for _ in 0..200 {
        let now = bench.now.plus(EVERY);
        let sketches = bench.shards.iter().map(|(id, range, _)| {
            let share = if range.contains(hot) {
                1.6 / load(*range)
            } else {
                0.0
            };
            (*id, sketch(*range, hot, share, now))
        });
        bench.sketches = sketches.collect();
        let plan = bench.look(&load);
        if let Some(found) = plan.hot_keys.first() {
            named = Some(*found);
        }
        bench.carry_out(&plan);
    }
    let named = named.expect("it is named");
    assert_eq!(named.key, Some(hot));
    assert!(named.load > 1.4, "{named}");
    let own: Vec<_> = bench
        .shards
        .iter()
        .filter(|(_, range, _)| range.contains(hot))
        .collect();
    assert_eq!(own[0].1.span(), 0, "it has a shard of its own");
    assert!(bench.count() <= 5, "{}", bench.count());
    assert!(bench.tiles());
}

#[test]
fn cuts_follow_the_load_and_not_the_range() {
    let mut bench = bench(1);
    // All of it in the ring's first hundredth.
    let first = HashKeyRange::new(HashKey::MIN, HashKey::new(u128::MAX / 100)).expect("a range");
    let mut sketch = LoadSketch::new(HashKeyRange::ALL, START);
    for step in 0..1_000_u128 {
        sketch.add(HashKey::new(first.span() / 1_000 * step), 1.0, START);
    }
    bench.sketches.insert(id(0), sketch);
    let load = |range: HashKeyRange| {
        if range.start() == HashKey::MIN {
            3.0
        } else {
            0.0
        }
    };
    bench.look(&load);
    bench.look(&load);
    let plan = bench.look(&load);
    let cuts = plan.added_boundaries();
    assert_eq!(cuts.len(), 4);
    assert!(cuts.iter().all(|cut| *cut <= first.end()), "{cuts:?}");
    assert!(plan.reason(500).contains("by load"));
}

#[test]
fn nothing_is_done_on_what_is_missing_old_or_absurd() {
    for broken in ["missing", "old", "one missing"] {
        let mut bench = bench(4);
        bench.run(MINUTE, &even(0.2));
        for _ in 0..1_000 {
            bench.now = bench.now.plus(EVERY);
            let mut loads = bench.loads(&even(0.2));
            for (index, shard) in loads.shards.iter_mut().enumerate() {
                shard.reading = match (broken, index) {
                    ("missing", _) | ("one missing", 1) => None,
                    ("old", _) => Some(reading(START.plus(MINUTE), 0.05)),
                    _ => shard.reading,
                };
            }
            let plan = bench.look_at(&loads);
            assert!(plan.is_empty(), "{broken}: {}", plan.reason(500));
            if bench.now > START.plus(3 * MINUTE) {
                assert_eq!(plan.hold, Some(Hold::Unmeasured), "{broken}");
            }
        }
    }
    for rate in [f64::NAN, -1.0, f64::INFINITY, 1e13] {
        assert_eq!(
            Reading::new(START, (rate, 0.0), (0.0, 0.0)),
            Err(AbsurdReading)
        );
        assert_eq!(
            Reading::new(START, (0.0, 0.0), (0.0, rate)),
            Err(AbsurdReading)
        );
    }
}

#[test]
fn quiet_counts_from_when_it_is_measured_again() {
    let mut bench = bench(2);
    bench.run(10 * MINUTE, &even(0.2));
    bench.now = bench.now.plus(EVERY);
    let mut loads = bench.loads(&even(0.2));
    loads.shards[0].reading = None;
    bench.now = bench.now.plus(2 * MINUTE);
    bench.look_at(&loads);
    bench.run(14 * MINUTE, &even(0.2));
    assert_eq!(bench.count(), 2);
    bench.run(2 * MINUTE, &even(0.2));
    assert_eq!(bench.count(), 1);
}

#[test]
fn an_overloaded_shard_is_split_though_its_neighbour_is_silent() {
    let mut bench = bench(2);
    bench.run(MINUTE, &even(1.0));
    let mut splits = 0;
    for _ in 0..6 {
        bench.now = bench.now.plus(EVERY);
        let mut loads = bench.loads(&even(3.0));
        loads.shards[1].reading = None;
        splits += bench.look_at(&loads).splits.len();
    }
    assert!(splits > 0);
}

#[test]
fn bounds_rates_and_room_limit_and_are_named() {
    let rate = |unit, value| ScalingRules {
        policies: vec![RatePolicy {
            unit,
            value,
            period: MINUTE,
        }],
        ..ScalingRules::default()
    };
    for (room, after, limit) in [
        (None, 6, Limit::MaxShards(6)),
        (None, 5, Limit::ScaleUpRate),
        // Each shard more takes two places: the one that was cut keeps its own.
        (Some(3), 5, Limit::Room(3)),
        (Some(5), 6, Limit::Room(5)),
        (Some(1), 4, Limit::Room(1)),
    ] {
        let mut bench = bench(4);
        match limit {
            Limit::MaxShards(most) => bench.policy.max_shards = most,
            Limit::ScaleUpRate => bench.policy.scale_up = rate(RateUnit::Percent, 25),
            Limit::Room(_) => {}
        }
        bench.run(MINUTE, &even(2.0));
        let mut plan = bench.look(&even(2.0));
        while plan.limited_by.is_none() {
            bench.now = bench.now.plus(EVERY);
            let mut loads = bench.loads(&even(12.0));
            loads.room = room;
            plan = bench.look_at(&loads);
        }
        assert_eq!((plan.shards_after(), plan.limited_by), (after, Some(limit)));
        assert!(plan.wanted_shards > after);
    }
    let mut bench = bench(4);
    bench.policy.scale_up.select = SelectPolicy::Disabled;
    bench.run(10 * MINUTE, &even(12.0));
    assert_eq!(bench.count(), 4);
}

#[test]
fn a_rate_holds_over_several_plans() {
    let mut bench = bench(10);
    bench.policy.scale_up.policies = vec![RatePolicy {
        unit: RateUnit::Shards,
        value: 4,
        period: MINUTE,
    }];
    bench.run(MINUTE, &even(5.0));
    let begun = bench.now;
    while bench.now < begun.plus(10 * MINUTE) {
        bench.run(EVERY, &even(60.0));
        let minutes = bench.now.saturating_since(begun).as_secs() / 60 + 1;
        assert!(
            u64::from(bench.count()) <= 10 + 4 * minutes,
            "{} after {minutes}",
            bench.count()
        );
    }
    assert!(bench.count() > 40);
}

#[test]
fn a_stabilisation_window_outlasts_a_burst() {
    let mut bench = bench(2);
    bench.policy.scale_up.stabilization = MINUTE;
    bench.run(MINUTE, &even(1.0));
    bench.run(Duration::from_secs(15), &even(4.0));
    bench.run(5 * MINUTE, &even(1.0));
    assert_eq!(bench.count(), 2);
    bench.run(2 * MINUTE, &even(4.0));
    assert!(bench.count() > 2);
}

#[test]
fn a_floor_that_rises_and_a_ceiling_that_falls_are_followed() {
    let mut bench = bench(2);
    bench.run(MINUTE, &even(0.1));
    bench.policy.warm_shards = 5;
    bench.run(EVERY, &even(0.1));
    assert_eq!(bench.count(), 5);
    bench.policy.warm_shards = 0;
    bench.policy.max_shards = 3;
    bench.run(2 * MINUTE, &even(0.1));
    assert_eq!(bench.count(), 3);
    assert!(bench.tiles());
}

#[test]
fn pause_a_reshard_and_no_limits_hold() {
    let mut bench = bench(2);
    bench.run(MINUTE, &even(1.0));
    bench.now = bench.now.plus(EVERY);
    let mut loads = bench.loads(&even(9.0));
    loads.is_resharding = true;
    assert_eq!(bench.look_at(&loads).hold, Some(Hold::Resharding));
    loads.is_resharding = false;
    bench.policy.is_paused = true;
    assert_eq!(bench.look_at(&loads).hold, Some(Hold::Paused));
    bench.policy.is_paused = false;
    loads.limits = WriteLimits {
        bytes_per_sec: None,
        records_per_sec: None,
    };
    assert_eq!(bench.look_at(&loads).hold, Some(Hold::NoLimits));
}

#[test]
fn a_manual_reshard_starts_the_patience_anew() {
    let mut bench = bench(2);
    bench.run(14 * MINUTE, &even(0.2));
    // Somebody cuts the second shard.
    let cut = HashKey::new(u128::MAX / 4 * 3);
    let by_hand = Plan {
        splits: vec![Split {
            shard: bench.shards[1].0,
            at: vec![cut],
            why: SplitReason::Floor { floor: 3 },
        }],
        ..bench.look(&even(0.2))
    };
    bench.carry_out(&by_hand);
    bench.run(10 * MINUTE, &even(0.2));
    assert!(
        bench
            .shards
            .iter()
            .any(|(_, range, _)| range.start() == cut)
    );
}

#[test]
fn a_restart_keeps_the_rates_the_flaps_and_the_peaks() {
    let mut bench = Bench::new(Policy::new(1, 100), 2);
    bench.run(20 * MINUTE, &even(0.2));
    bench.run(2 * MINUTE, &even(1.4));
    assert!(bench.count() > 1);
    let memoir = bench.history.memoir();
    let text = serde_json::to_string(&memoir).expect("it can be written");
    assert!(text.len() < 1_000, "{text}");
    let read: Memoir = serde_json::from_str(&text).expect("it can be read");
    bench.history = History::resumed(read, bench.now);
    bench.run(EVERY, &even(0.2));
    assert_eq!(bench.history.memoir(), memoir);
    bench.run(25 * MINUTE, &even(0.2));
    assert!(bench.count() > 1, "it flapped before the restart");
    bench.run(10 * MINUTE, &even(0.2));
    assert_eq!(bench.count(), 1);
}

#[test]
fn parity_cuts_even_halves_at_half_load_and_keeps_twice_the_peak() {
    let mut bench = bench(4);
    bench.policy.strategy = Strategy::AwsOnDemand;
    bench.run(5 * MINUTE, &even(1.9));
    assert_eq!(bench.count(), 4);
    bench.run(10 * MINUTE, &even(2.4));
    assert_eq!(bench.count(), 8);
    bench.run(120 * MINUTE, &even(0.2));
    assert!((5..=8).contains(&bench.count()), "{}", bench.count());
}
