//! How often the operations of the control plane may be called: AWS's transactions a second, and their tanks.
//!
//! Page: [quotas](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html#kds-api-limits), and the API
//! reference of each operation. An operation that neither names has the rate of most: five a second.
//! Operations on records have limits a shard instead ([`super::ReadThrottle`]).

use std::collections::HashMap;

use super::{Bucket, RetryAfter};
use crate::{StreamName, Timestamp};

/// Tanks that are kept before the full ones are thrown away, which say no more than no tank at all.
const TANKS_MAX: usize = 4_096;

/// What AWS counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallScope {
    /// All calls of the operation in the account.
    Account,
    /// Those for one stream.
    Stream,
}

/// How often an operation may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRate {
    /// Calls a second, and at once.
    pub per_sec: u64,
    /// What counts together.
    pub scope: CallScope,
}

impl CallRate {
    /// AWS's rate of this operation; none for those that read or write records, which are limited by the shard.
    pub fn of(operation: &str) -> Option<Self> {
        let (per_sec, scope) = match operation {
            "GetRecords" | "GetShardIterator" | "PutRecord" | "PutRecords" | "SubscribeToShard" => {
                return None;
            }
            "DescribeLimits" => (1, CallScope::Account),
            "DescribeStream" | "UpdateShardCount" => (10, CallScope::Account),
            "DescribeStreamConsumer" | "DescribeStreamSummary" => (20, CallScope::Account),
            "ListShards" => (1_000, CallScope::Stream),
            _ => (5, CallScope::Account),
        };
        Some(Self { per_sec, scope })
    }
}

/// The tanks of an account's calls.
#[derive(Debug, Default)]
pub struct CallThrottle {
    tanks: HashMap<(&'static str, Option<StreamName>), Bucket>,
}

impl CallThrottle {
    /// Admits one call of `operation`, which may be about a stream. A refused call costs none.
    pub fn admit(
        &mut self,
        operation: &'static str,
        stream: Option<&StreamName>,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let Some(rate) = CallRate::of(operation) else {
            return Ok(());
        };
        let stream = match rate.scope {
            CallScope::Account => None,
            CallScope::Stream => stream.cloned(),
        };
        if self.tanks.len() >= TANKS_MAX {
            self.tanks
                .retain(|(operation, _), tank| !is_full(operation, *tank, now));
        }
        self.tanks
            .entry((operation, stream))
            .or_insert_with(|| Bucket::new(rate.per_sec, now))
            .take(now, 1)
    }

    /// How many tanks are kept.
    #[cfg(test)]
    fn tank_count(&self) -> usize {
        self.tanks.len()
    }
}

fn is_full(operation: &str, mut tank: Bucket, now: Timestamp) -> bool {
    CallRate::of(operation).is_none_or(|rate| tank.check(now, rate.per_sec).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    fn name(text: &str) -> StreamName {
        text.parse().unwrap()
    }

    fn admitted_at_once(operation: &'static str) -> usize {
        let mut throttle = CallThrottle::default();
        (0..5_000)
            .take_while(|_| throttle.admit(operation, Some(&name("s")), at(0)).is_ok())
            .count()
    }

    #[test]
    fn each_operation_has_the_rate_of_the_quotas_page() {
        for (operation, per_sec) in [
            ("CreateStream", 5),
            ("DeleteStream", 5),
            ("ListStreams", 5),
            ("SplitShard", 5),
            ("MergeShards", 5),
            ("AddTagsToStream", 5),
            ("RegisterStreamConsumer", 5),
            ("DescribeLimits", 1),
            ("DescribeStream", 10),
            ("UpdateShardCount", 10),
            ("DescribeStreamSummary", 20),
            ("DescribeStreamConsumer", 20),
            ("ListShards", 1_000),
            ("PutRecord", 5_000),
            ("GetRecords", 5_000),
        ] {
            assert_eq!(admitted_at_once(operation), per_sec, "{operation}");
        }
    }

    #[test]
    fn calls_come_back_with_time_and_operations_do_not_share() {
        let mut throttle = CallThrottle::default();
        for _ in 0..5 {
            throttle.admit("CreateStream", None, at(0)).unwrap();
        }
        assert!(throttle.admit("CreateStream", None, at(199)).is_err());
        throttle.admit("DeleteStream", None, at(199)).unwrap();
        throttle.admit("CreateStream", None, at(200)).unwrap();
        assert!(throttle.admit("CreateStream", None, at(200)).is_err());
    }

    #[test]
    fn an_account_is_counted_as_one_and_list_shards_by_stream() {
        let mut throttle = CallThrottle::default();
        for index in 0..10 {
            let stream = name(&format!("s{index}"));
            throttle
                .admit("DescribeStream", Some(&stream), at(0))
                .unwrap();
        }
        assert!(
            throttle
                .admit("DescribeStream", Some(&name("t")), at(0))
                .is_err()
        );
        for _ in 0..1_000 {
            throttle
                .admit("ListShards", Some(&name("s")), at(0))
                .unwrap();
        }
        assert!(
            throttle
                .admit("ListShards", Some(&name("s")), at(0))
                .is_err()
        );
        throttle
            .admit("ListShards", Some(&name("t")), at(0))
            .unwrap();
    }

    #[test]
    fn names_that_nobody_calls_any_more_are_forgotten() {
        let mut throttle = CallThrottle::default();
        for index in 0..20_000_u64 {
            let stream = name(&format!("s{index}"));
            throttle
                .admit("ListShards", Some(&stream), at(index))
                .unwrap();
            assert!(throttle.tank_count() <= TANKS_MAX + 1);
        }
    }
}
