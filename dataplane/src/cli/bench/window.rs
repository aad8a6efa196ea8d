//! The time in which requests count, what they came to, and the threads that make them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use super::histogram::Histogram;
use super::process::Usage;
use crate::cli::outcome::Failure;

/// How long a worker may overrun its end: a server that answers no more must not hold the run.
const OVERRUN_MAX: Duration = Duration::from_secs(10);

/// How long a worker pauses after its connection broke.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// When requests are made, and when they count.
#[derive(Debug)]
pub(super) struct Window {
    counts_from: Instant,
    ends: Instant,
    /// Requests that may still be made; all may where the time is the bound.
    left: AtomicU64,
}

impl Window {
    /// A window of time that opens after a warm-up.
    pub(super) fn of_time(warmup: Duration, duration: Duration) -> Self {
        let counts_from = Instant::now() + warmup;
        Self {
            counts_from,
            ends: counts_from + duration,
            left: AtomicU64::new(u64::MAX),
        }
    }

    /// A window that opens at once and closes after so many requests, or when far too much time has gone.
    pub(super) fn of_requests(count: u64, at_most: Duration) -> Self {
        let counts_from = Instant::now();
        Self {
            counts_from,
            ends: counts_from + at_most,
            left: AtomicU64::new(count),
        }
    }

    /// Whether one more request may be made; it is then taken.
    pub(super) fn take(&self) -> bool {
        let next = |left: u64| {
            if left == u64::MAX {
                Some(left)
            } else {
                left.checked_sub(1)
            }
        };
        Instant::now() < self.ends
            && self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
                .is_ok()
    }

    /// Whether what ended at this moment counts.
    pub(super) fn counts(&self, at: Instant) -> bool {
        at >= self.counts_from && at <= self.ends
    }

    /// When it closes.
    pub(super) fn ends(&self) -> Instant {
        self.ends
    }
}

/// What requests came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) latencies: Histogram,
    pub(super) requests: u64,
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) errors: BTreeMap<String, u64>,
    /// When the last request that counts was answered.
    pub(super) last: Option<Instant>,
}

impl Tally {
    /// Counts a request that was answered well.
    pub(super) fn success(&mut self, begun: Instant, ended: Instant, records: u64, bytes: u64) {
        self.answered(&[begun], ended, records, bytes);
    }

    /// Counts a request that was answered well, whose parts were waited for since different moments.
    pub(super) fn answered(&mut self, due: &[Instant], ended: Instant, records: u64, bytes: u64) {
        for due in due {
            self.latencies
                .record(u64::try_from((ended - *due).as_nanos()).unwrap_or(u64::MAX));
        }
        self.requests += 1;
        self.records += records;
        self.bytes += bytes;
        self.last = Some(self.last.map_or(ended, |last| last.max(ended)));
    }

    /// Counts an error by its type.
    pub(super) fn error(&mut self, kind: &str, count: u64) {
        *self.errors.entry(kind.to_owned()).or_default() += count;
    }

    /// Counts a connection that broke.
    pub(super) fn broken(&mut self, error: &io::Error) {
        self.error(&format!("connection: {}", error.kind()), 1);
    }

    fn merge(&mut self, other: &Self) {
        self.latencies.merge(&other.latencies);
        self.requests += other.requests;
        self.records += other.records;
        self.bytes += other.bytes;
        for (kind, count) in &other.errors {
            self.error(kind, *count);
        }
        self.last = self.last.max(other.last);
    }
}

/// What a run came to, and what it cost.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) tally: Tally,
    pub(super) seconds: f64,
    pub(super) client: Usage,
    pub(super) server: Option<Usage>,
}

/// One worker's life.
pub(super) type Worker<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs workers `0..count` on so many threads until the window closes. `make` is called on the worker's own thread, with
/// the tally of that thread.
pub(super) fn drive<'a, F>(
    window: &'a Window,
    threads: usize,
    count: usize,
    server_pid: Option<u32>,
    make: F,
) -> Result<Measured, Failure>
where
    F: Fn(usize, Rc<RefCell<Tally>>) -> Worker<'a> + Sync,
{
    let threads = threads.clamp(1, count.max(1));
    let used = || {
        (
            Usage::of(std::process::id()).unwrap_or_default(),
            server_pid.and_then(Usage::of),
        )
    };
    std::thread::scope(|scope| {
        let make = &make;
        let spawn = |thread: usize| {
            scope.spawn(move || run_thread(window, (thread..count).step_by(threads), make))
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        sleep(window.counts_from.saturating_duration_since(Instant::now()));
        let (client_before, server_before) = used();
        let mut tally = Tally::default();
        for thread in running {
            tally.merge(&thread.join().expect("workers do not panic")?);
        }
        let (client, server) = used();
        // A run that is bound by requests ends with the last of them.
        let ended = if tally.latencies.count() > 0 {
            tally.last
        } else {
            None
        }
        .unwrap_or_else(Instant::now);
        let bound_by_time = window.left.load(Ordering::Relaxed) == u64::MAX;
        let ended = if bound_by_time { window.ends } else { ended };
        Ok(Measured {
            tally,
            seconds: (ended - window.counts_from).as_secs_f64(),
            client: client.since(client_before),
            server: server
                .zip(server_before)
                .map(|(after, before)| after.since(before)),
        })
    })
}

fn run_thread<'a, F>(
    window: &'a Window,
    workers: impl Iterator<Item = usize>,
    make: &F,
) -> Result<Tally, Failure>
where
    F: Fn(usize, Rc<RefCell<Tally>>) -> Worker<'a>,
{
    let tally = Rc::new(RefCell::new(Tally::default()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let deadline = tokio::time::Instant::from_std(window.ends + OVERRUN_MAX);
    let all = futures_util::future::join_all(workers.map(|worker| make(worker, Rc::clone(&tally))));
    let finished = runtime.block_on(
        LocalSet::new().run_until(async { tokio::time::timeout_at(deadline, all).await }),
    );
    if finished.is_err() {
        tally.borrow_mut().error("no answer", 1);
    }
    Ok(std::mem::take(&mut *tally.borrow_mut()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_requests_closes_after_the_last() {
        let window = Window::of_requests(2, Duration::from_mins(1));
        assert_eq!(
            [window.take(), window.take(), window.take()],
            [true, true, false]
        );
    }

    #[test]
    fn what_happens_while_warming_up_does_not_count() {
        let window = Window::of_time(Duration::from_mins(1), Duration::from_mins(1));
        assert!(window.take());
        assert!(!window.counts(Instant::now()));
        assert!(window.counts(Instant::now() + Duration::from_secs(90)));
        assert!(!window.counts(Instant::now() + Duration::from_secs(150)));
    }

    #[test]
    fn workers_on_several_threads_are_counted_together() {
        let window = Window::of_requests(100, Duration::from_mins(1));
        let measured = drive(&window, 3, 5, None, |_, tally| {
            let window = &window;
            Box::pin(async move {
                while window.take() {
                    let now = Instant::now();
                    tally.borrow_mut().success(now, now, 2, 20);
                }
            })
        });
        let tally = measured.expect("threads start").tally;
        assert_eq!(
            (tally.latencies.count(), tally.records, tally.bytes),
            (100, 200, 2000)
        );
    }
}
