//! Rates from counters that are read now and then: for who reads the counters himself instead of asking a Prometheus.

use std::collections::{HashMap, HashSet};

use anabranch_domain::autoscale::Reading;
use anabranch_domain::{ShardUid, Timestamp};

/// A shard's counters at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted.
    pub accepted_bytes: u64,
    /// Accepted.
    pub accepted_records: u64,
    /// Refused by the shard's write limit.
    pub refused_bytes: u64,
    /// Refused by the shard's write limit.
    pub refused_records: u64,
}

/// What was read last of each shard.
#[derive(Debug, Default)]
pub struct Meter {
    last: HashMap<ShardUid, (Timestamp, Counts)>,
}

impl Meter {
    /// The rates since a shard was read last; none the first time, after a clock went back, and of counters that began anew.
    pub fn read(&mut self, shard: ShardUid, counts: Counts, now: Timestamp) -> Option<Reading> {
        let (then, before) = self.last.insert(shard, (now, counts))?;
        let secs = now.saturating_since(then).as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "a rate")]
        let rate = |after: u64, before: u64| {
            let grown = after.checked_sub(before)?;
            (secs > 0.0).then(|| grown as f64 / secs)
        };
        let accepted = (
            rate(counts.accepted_bytes, before.accepted_bytes)?,
            rate(counts.accepted_records, before.accepted_records)?,
        );
        let refused = (
            rate(counts.refused_bytes, before.refused_bytes)?,
            rate(counts.refused_records, before.refused_records)?,
        );
        Reading::new(now, accepted, refused).ok()
    }

    /// Keeps nothing of other shards than these.
    pub fn keep(&mut self, shards: &HashSet<ShardUid>) {
        self.last.retain(|shard, _| shards.contains(shard));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anabranch_domain::autoscale::WriteLimits;

    use super::*;

    #[test]
    fn rates_come_from_two_looks_and_never_from_a_reset_or_a_clock_that_went_back() {
        let (mut meter, shard) = (Meter::default(), ShardUid::from_bits(1));
        let start = Timestamp::from_secs(1_700_000_000);
        let limits = WriteLimits {
            bytes_per_sec: Some(1_000),
            records_per_sec: None,
        };
        let counts = |accepted_bytes| Counts {
            accepted_bytes,
            ..Counts::default()
        };
        let after = |secs| start.plus(Duration::from_secs(secs));
        for (at, bytes, load) in [
            (start, 5_000, None),
            (after(10), 10_000, Some(0.5)),
            (after(10), 11_000, None),
            (after(20), 11_000, Some(0.0)),
            (after(30), 400, None),
            (after(40), 20_400, Some(2.0)),
            (after(35), 30_000, None),
        ] {
            let reading = meter.read(shard, counts(bytes), at);
            assert_eq!(reading.map(|it| it.load(&limits)), load, "{at} {bytes}");
        }
        meter.keep(&HashSet::new());
        assert!(meter.read(shard, counts(40_000), after(50)).is_none());
    }
}
