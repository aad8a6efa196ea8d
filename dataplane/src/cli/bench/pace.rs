//! A fixed number of records a second: when each record is due, and how many a call takes.
//!
//! Records come whether the server keeps up or not. A producer's next call takes those that came while the last one was
//! under way, as a buffering client does, and each record's latency counts from when it was due: what waits for a slow server is
//! not left out.

use std::time::{Duration, Instant};

use clap::builder::RangedU64ValueParser;

/// Records of calls that are made beforehand; a call takes the most that are due.
const SIZES: [u64; 9] = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/// Records a second that can be asked for.
pub(super) fn parse_rate() -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(1..=10_000_000)
}

/// The records of one producer.
#[derive(Debug)]
pub(super) struct Pace {
    begun: Instant,
    /// Between one record and the next.
    apart: Duration,
    taken: u64,
}

impl Pace {
    /// The records of `producer`, one of `producers` that share `rate` a second.
    pub(super) fn new(rate: u32, producer: usize, producers: usize, begun: Instant) -> Self {
        let of_all = Duration::from_secs(1) / rate;
        let share = |count: usize| of_all * u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            // In turn, so that they do not all come at once.
            begun: begun + share(producer),
            apart: share(producers),
            taken: 0,
        }
    }

    /// The sizes of calls that need be made, each at most `batch`.
    pub(super) fn sizes(batch: u64) -> Vec<u64> {
        SIZES.into_iter().filter(|size| *size <= batch).collect()
    }

    /// Waits until a record is due, and takes those that are: as many as the largest of `sizes` that is not larger. Says which, and
    /// when each was due.
    pub(super) async fn take(&mut self, sizes: &[u64]) -> (usize, Vec<Instant>) {
        tokio::time::sleep_until(self.due(self.taken).into()).await;
        let since_begun = Instant::now().saturating_duration_since(self.begun);
        let came = since_begun.as_nanos() / self.apart.as_nanos().max(1) + 1;
        let waiting = u64::try_from(came)
            .unwrap_or(u64::MAX)
            .saturating_sub(self.taken);
        let larger = sizes.partition_point(|size| *size <= waiting);
        let rung = larger.saturating_sub(1);
        let first = self.taken;
        self.taken += sizes[rung];
        let due = (first..self.taken).map(|number| self.due(number));
        (rung, due.collect())
    }

    fn due(&self, number: u64) -> Instant {
        let nanos = self.apart.as_nanos().saturating_mul(number.into());
        self.begun + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn what_came_meanwhile_goes_with_the_next_call_and_counts_from_when_it_came() {
        let begun = Instant::now()
            .checked_sub(7 * MILLISECOND)
            .expect("later than at boot");
        let mut pace = Pace::new(1_000, 0, 1, begun);
        let (rung, due) = pace.take(&Pace::sizes(5)).await;
        assert_eq!((rung, due.len()), (2, 5));
        assert_eq!((due[0], due[4]), (begun, begun + 4 * MILLISECOND));
        let (_, due) = pace.take(&Pace::sizes(1)).await;
        assert_eq!(due, [begun + 5 * MILLISECOND]);
    }

    #[tokio::test]
    async fn nothing_is_sent_before_it_is_due() {
        let begun = Instant::now();
        let mut pace = Pace::new(100, 1, 2, begun);
        let sizes = Pace::sizes(500);
        let (_, first) = pace.take(&sizes).await;
        assert_eq!(first[0], begun + 10 * MILLISECOND);
        assert!(first.iter().all(|due| *due <= Instant::now()));
        let (_, second) = pace.take(&sizes).await;
        assert_eq!(second[0] - first[first.len() - 1], 20 * MILLISECOND);
    }
}
