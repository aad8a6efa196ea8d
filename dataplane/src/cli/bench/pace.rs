//! A fixed number of records a second: when each record is due, and how many a call takes.
//!
//! Records come whether the server keeps up or not, into one queue. Whoever is free takes what waits there, as the threads of a
//! buffering client do: at once if nothing is under way, and beside another call only when records have waited for
//! a while or fill a batch. So a server that keeps up is asked in few calls, and one that does not in many. Each record's latency counts from
//! when it was due: what waits for a slow server is not left out.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use clap::builder::RangedU64ValueParser;
use tokio::sync::Notify;
use tokio::time::timeout_at;

/// Records of calls that are made beforehand; a call takes the most that are due, so at most a fifth of them waits for the next.
const SIZES: [u64; 24] = [
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 27, 33, 40, 50, 60, 75, 90, 110, 135, 200, 300, 500,
];

/// Records a second that can be asked for.
pub(super) fn parse_rate() -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(1..=10_000_000)
}

/// How long records wait for a call that is under way: as in Kafka's client (`linger.ms`).
const LINGER: Duration = Duration::from_millis(5);

/// The records of all producers.
#[derive(Debug)]
pub(super) struct Pace {
    /// Between one record and the next.
    apart: Duration,
    /// When the first was due: when the first producer was ready.
    begun: OnceLock<Instant>,
    queue: Mutex<Queue>,
    /// A call has ended.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// Records that were taken.
    taken: u64,
    /// Calls.
    under_way: usize,
}

/// What a call takes. It is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    /// Which of the sizes.
    pub(super) rung: usize,
    /// When each record was due.
    pub(super) due: Vec<Instant>,
    pace: &'a Pace,
}

impl Pace {
    /// So many records a second.
    pub(super) fn new(rate: u32) -> Self {
        Self {
            apart: Duration::from_secs(1) / rate,
            begun: OnceLock::new(),
            queue: Mutex::default(),
            ended: Notify::new(),
        }
    }

    /// The sizes of calls that need be made, each at most `batch`.
    pub(super) fn sizes(batch: u64) -> Vec<u64> {
        SIZES.into_iter().filter(|size| *size <= batch).collect()
    }

    /// Waits until it is time for a call, and takes the records that are due: as many as the largest of `sizes` that is not larger.
    pub(super) async fn take(&self, sizes: &[u64]) -> Taken<'_> {
        loop {
            let at = match self.try_take(sizes, Instant::now()) {
                Ok(taken) => return taken,
                Err(at) => at,
            };
            // Whichever comes first.
            let _ = timeout_at(at.into(), self.ended.notified()).await;
        }
    }

    /// The records that a call takes `now`; or when to ask again.
    fn try_take(&self, sizes: &[u64], now: Instant) -> Result<Taken<'_>, Instant> {
        let begun = *self.begun.get_or_init(|| now);
        let mut queue = self.queue();
        let due = |number: u64| {
            let nanos = self.apart.as_nanos().saturating_mul(number.into());
            begun + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        };
        let first = due(queue.taken);
        let at = if queue.under_way == 0 {
            first
        } else {
            let most = sizes.last().map_or(1, |size| (*size).max(1));
            (first + LINGER).min(due(queue.taken + most - 1))
        };
        if now < at {
            return Err(at);
        }
        let since_begun = now.saturating_duration_since(begun);
        let came = since_begun.as_nanos() / self.apart.as_nanos().max(1) + 1;
        let waiting = u64::try_from(came)
            .unwrap_or(u64::MAX)
            .saturating_sub(queue.taken);
        let rung = sizes
            .partition_point(|size| *size <= waiting)
            .saturating_sub(1);
        let numbers = queue.taken..queue.taken + sizes[rung];
        queue.taken = numbers.end;
        queue.under_way += 1;
        Ok(Taken {
            rung,
            due: numbers.map(due).collect(),
            pace: self,
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.pace.queue().under_way -= 1;
        self.pace.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn what_came_meanwhile_goes_with_the_next_call_and_counts_from_when_it_came() {
        let (pace, sizes, begun) = (Pace::new(1_000), Pace::sizes(5), Instant::now());
        let first = pace.try_take(&sizes, begun).expect("one is due");
        assert_eq!((first.rung, &first.due[..]), (0, &[begun][..]));
        drop(first);
        let next = begun + MILLISECOND;
        assert_eq!(pace.try_take(&sizes, begun).map(|it| it.rung), Err(next));
        let later = pace.try_take(&sizes, begun + 7 * MILLISECOND);
        let later = later.expect("seven are due");
        assert_eq!((later.rung, later.due.len()), (4, 5));
        assert_eq!(
            (later.due[0], later.due[4]),
            (next, begun + 5 * MILLISECOND)
        );
    }

    #[test]
    fn a_call_beside_another_waits_until_records_have_waited_or_fill_a_batch() {
        let (pace, begun) = (Pace::new(1_000), Instant::now());
        let after = |ms| begun + ms * MILLISECOND;
        let under_way = pace.try_take(&Pace::sizes(500), begun).expect("one is due");
        let wait = |batch, ms| {
            pace.try_take(&Pace::sizes(batch), after(ms))
                .map(|it| it.due.len())
        };
        assert_eq!(wait(500, 5), Err(after(6)), "the oldest came at 1");
        assert_eq!(wait(3, 2), Err(after(3)), "when there are three");
        assert_eq!(wait(3, 3), Ok(3));
        assert_eq!(wait(500, 8), Err(after(9)), "the oldest came at 4");
        assert_eq!(wait(500, 9), Ok(6));
        drop(under_way);
        assert_eq!(wait(500, 10), Ok(1), "nothing is under way");
    }

    #[tokio::test]
    async fn nothing_is_sent_before_it_is_due() {
        let pace = Pace::new(1);
        let sizes = Pace::sizes(1);
        let first = pace.take(&sizes).await;
        let begun = first.due[0];
        let second = pace.take(&sizes);
        let ((), second) = tokio::join!(async { drop(first) }, second);
        assert_eq!(second.due, [begun + Duration::from_secs(1)]);
        assert!(
            Instant::now() >= second.due[0],
            "nothing is sent before it is due"
        );
    }
}
