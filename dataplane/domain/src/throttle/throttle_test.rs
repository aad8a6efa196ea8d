//! The laws of the tanks, and the cases that AWS states.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::Timestamp;
use crate::quota::ShardLimits;

const MIB: u64 = 1024 * 1024;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + ms)
}

fn retry(ms: u64) -> RetryAfter {
    RetryAfter(Duration::from_millis(ms))
}

#[test]
fn a_shard_takes_a_thousand_records_at_once_and_then_one_a_millisecond() {
    let mut throttle = WriteThrottle::new(&ShardLimits::aws(), at(0));
    for _ in 0..1_000 {
        throttle.take(at(0), 100).unwrap();
    }
    assert_eq!(throttle.take(at(0), 100), Err(retry(1)));
    assert_eq!(throttle.take(at(1), 100), Ok(()));
    assert_eq!(throttle.take(at(1), 100), Err(retry(1)));
}

#[test]
fn a_record_larger_than_a_second_is_taken_from_a_full_tank_and_paid_for_after() {
    let mut throttle = WriteThrottle::new(&ShardLimits::aws(), at(0));
    assert_eq!(throttle.take(at(0), 10 * MIB), Ok(()));
    // Nine seconds of debt, and a second for the next MiB.
    assert_eq!(throttle.take(at(0), MIB), Err(retry(10_000)));
    assert_eq!(throttle.take(at(9_999), MIB), Err(retry(1)));
    assert_eq!(throttle.take(at(10_000), MIB), Ok(()));
}

#[test]
fn a_refused_record_takes_nothing() {
    let mut throttle = WriteThrottle::new(&ShardLimits::aws(), at(0));
    throttle.take(at(0), MIB).unwrap();
    for _ in 0..2_000 {
        assert!(throttle.take(at(0), 1).is_err());
    }
    // Had the refused ones been counted as records, the second would not be enough.
    for _ in 0..999 {
        throttle.take(at(1_000), 1).unwrap();
    }
}

#[test]
fn ten_mebibytes_read_make_calls_fail_for_five_seconds() {
    let mut throttle = ReadThrottle::new(&ShardLimits::aws(), at(0));
    throttle.admit_call(at(0)).unwrap();
    throttle.charge(at(0), 10 * MIB);
    assert_eq!(throttle.admit_call(at(0)), Err(retry(5_000)));
    assert_eq!(throttle.admit_call(at(4_999)), Err(retry(1)));
    assert_eq!(throttle.admit_call(at(5_000)), Ok(()));
}

#[test]
fn small_reads_below_the_rate_are_never_refused() {
    let mut throttle = ReadThrottle::new(&ShardLimits::aws(), at(0));
    for call in 0..100 {
        throttle.admit_call(at(call * 200)).unwrap();
        throttle.charge(at(call * 200), 400 * 1024);
    }
}

#[test]
fn five_calls_a_second_are_admitted() {
    let mut throttle = ReadThrottle::new(&ShardLimits::aws(), at(0));
    for _ in 0..5 {
        throttle.admit_call(at(0)).unwrap();
        throttle.admit_iterator_call(at(0)).unwrap();
    }
    assert_eq!(throttle.admit_call(at(0)), Err(retry(200)));
    assert_eq!(throttle.admit_iterator_call(at(0)), Err(retry(200)));
}

#[test]
fn a_call_that_is_given_back_can_be_taken_again_and_a_full_tank_stays_full() {
    let mut throttle = ReadThrottle::new(&ShardLimits::aws(), at(0));
    throttle.give_back_call();
    for _ in 0..5 {
        throttle.admit_call(at(0)).unwrap();
    }
    assert_eq!(throttle.admit_call(at(0)), Err(retry(200)));
    throttle.give_back_call();
    assert_eq!(throttle.admit_call(at(0)), Ok(()));
    assert_eq!(throttle.admit_call(at(0)), Err(retry(200)));
}

#[test]
fn a_clock_that_goes_back_neither_fills_nor_stops_filling() {
    let mut bucket = Bucket::new(10, at(3_600_000));
    bucket.take(at(3_600_000), 10).unwrap();
    assert_eq!(bucket.take(at(0), 1), Err(retry(100)));
    assert_eq!(bucket.take(at(100), 1), Ok(()));
}

#[test]
fn without_limits_everything_is_admitted() {
    let mut write = WriteThrottle::new(&ShardLimits::unlimited(), at(0));
    let mut read = ReadThrottle::new(&ShardLimits::unlimited(), at(0));
    for _ in 0..10_000 {
        write.take(at(0), u64::MAX).unwrap();
        read.admit_call(at(0)).unwrap();
        read.charge(at(0), u64::MAX);
    }
}

proptest! {
    #[test]
    fn no_run_of_takes_exceeds_one_tank_and_the_rate(
        rate in 1_u64..1_000, takes in prop::collection::vec((0_u64..500, 1_u64..2_000), 1..200),
    ) {
        let mut bucket = Bucket::new(rate, at(0));
        let (mut now, mut taken, mut largest) = (0, 0, 0);
        for (pause_ms, amount) in takes {
            now += pause_ms;
            if bucket.take(at(now), amount).is_ok() {
                taken += amount;
                largest = largest.max(amount);
            }
        }
        // One tank at the beginning, the rate since, and what the last one borrowed.
        prop_assert!(taken <= rate + rate * now / 1_000 + 1 + largest);
    }

    #[test]
    fn who_waits_as_told_is_not_refused_again(
        rate in 1_u64..5_000, first in 1_u64..20_000, second in 1_u64..20_000, now in 0_u64..10_000,
    ) {
        let mut bucket = Bucket::new(rate, at(0));
        let _ = bucket.take(at(now), first);
        if let Err(RetryAfter(wait)) = bucket.take(at(now), second) {
            let then = at(now).plus(wait);
            prop_assert!(bucket.check(then.minus(Duration::from_millis(1)), second).is_err());
            prop_assert_eq!(bucket.take(then, second), Ok(()));
        }
    }

    #[test]
    fn reading_more_never_shortens_the_wait(rate in 1_u64..5_000, less in 0_u64..50_000, more in 0_u64..50_000) {
        let wait = |amount: u64| {
            let mut bucket = Bucket::new(rate, at(0));
            bucket.charge(at(0), amount);
            bucket.check_debt(at(0)).err().map_or(Duration::ZERO, |retry| retry.0)
        };
        prop_assert!(wait(less.min(more)) <= wait(less.max(more)));
    }
}
