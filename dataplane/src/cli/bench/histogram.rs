//! Latencies counted in buckets whose width grows with the value: bounded memory, every quantile within two per cent.

/// Buckets in each power of two, doubled.
const STEPS: u64 = 128;
const STEPS_LOG2: u32 = 7;

/// Powers of two above the first `STEPS` values: up to 2^41 ns, 37 minutes.
const OCTAVES: u32 = 34;

/// A histogram of nanoseconds.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        let buckets = STEPS + u64::from(OCTAVES) * STEPS / 2;
        Self {
            counts: vec![0; usize::try_from(buckets).expect("some thousands")],
            count: 0,
            sum: 0,
            max: 0,
        }
    }
}

impl Histogram {
    /// Counts one value.
    pub(super) fn record(&mut self, nanos: u64) {
        let bucket = bucket_of(nanos).min(self.counts.len() - 1);
        self.counts[bucket] += 1;
        self.count += 1;
        self.sum += u128::from(nanos);
        self.max = self.max.max(nanos);
    }

    /// Adds the values of another.
    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// How many values were counted.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The largest value.
    pub(super) fn max(&self) -> u64 {
        self.max
    }

    /// The mean of all values.
    pub(super) fn mean(&self) -> u64 {
        u64::try_from(self.sum.checked_div(u128::from(self.count)).unwrap_or(0)).unwrap_or(u64::MAX)
    }

    /// The value that so many of a thousand do not exceed.
    pub(super) fn permille(&self, permille: u64) -> u64 {
        let rank = (self.count * permille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper_end(bucket).min(self.max);
            }
        }
        self.max
    }
}

fn bucket_of(value: u64) -> usize {
    let octave = value
        .checked_ilog2()
        .unwrap_or(0)
        .saturating_sub(STEPS_LOG2 - 1);
    // The seven highest bits of a value choose its bucket; above the first octave the highest of them is always one.
    let bucket = u64::from(octave) * STEPS / 2 + (value >> octave);
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

/// The largest value of a bucket.
fn upper_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let octave = (bucket - STEPS / 2) / (STEPS / 2);
    let step = bucket - octave * STEPS / 2;
    ((step + 1) << octave) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_of_a_thousand_values_are_the_values_themselves() {
        let mut histogram = Histogram::default();
        for value in 1..=1000 {
            histogram.record(value * 1_000_000);
        }
        for (permille, expected) in [(500, 500), (900, 900), (990, 990), (999, 999)] {
            let found = histogram.permille(permille) / 1_000_000;
            assert!(
                found >= expected && found <= expected + expected / 50,
                "{permille}: {found}"
            );
        }
        assert_eq!(histogram.max(), 1_000_000_000);
        assert_eq!(histogram.mean(), 500_500_000);
    }

    #[test]
    fn an_empty_histogram_has_no_latency() {
        assert_eq!(Histogram::default().permille(990), 0);
        assert_eq!(Histogram::default().mean(), 0);
    }

    #[test]
    fn two_halves_merge_into_the_whole() {
        let (mut odd, mut even, mut whole) = (
            Histogram::default(),
            Histogram::default(),
            Histogram::default(),
        );
        for value in 0..10_000 {
            whole.record(value);
            if value % 2 == 0 {
                even.record(value);
            } else {
                odd.record(value);
            }
        }
        odd.merge(&even);
        assert_eq!(odd.counts, whole.counts);
        assert_eq!(
            (odd.count(), odd.max(), odd.mean()),
            (whole.count(), whole.max(), whole.mean())
        );
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_value_within_two_per_cent(value in 0_u64..(1 << 40)) {
            let end = upper_end(bucket_of(value));
            prop_assert!(end >= value && end - value <= value / 50, "{value} {end}");
        }

        #[test]
        fn buckets_are_in_the_order_of_their_values(value in 0_u64..(1 << 40)) {
            prop_assert!(bucket_of(value) <= bucket_of(value + 1));
        }
    }
}
