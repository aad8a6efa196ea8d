//! Watches the catalog and sees to every stream's duty, one task a stream.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::{StreamUid, Timestamp};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Duty;
use super::perform::{DutyError, Subject, perform};
use crate::clock::Clock;
use crate::resharding::Executor;

/// Streams that are seen to at a time. Their changes share group commits, so more would only wait for each other.
const AT_ONCE_MAX: usize = 64;
/// How long to wait after a first failure; doubled with each further one.
const RETRY_WAIT_MIN: Duration = Duration::from_millis(50);
/// How long to wait at most.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long a stream that has no duty is left alone at most, so that a clock which jumped is noticed.
const IDLE_WAIT_MAX: Duration = Duration::from_mins(1);

/// Sees to the duties of all streams.
pub struct Keeper {
    executor: Arc<Executor>,
    clock: Arc<dyn Clock>,
    /// Streams that a task works for.
    busy: HashSet<StreamUid>,
    /// Streams that a task failed for, and when to try again.
    failing: HashMap<StreamUid, Retry>,
    tasks: JoinSet<(Subject, Result<(), DutyError>)>,
}

#[derive(Debug, Clone, Copy)]
struct Retry {
    failures: u32,
    not_before: Instant,
}

impl Keeper {
    /// A keeper that has not looked yet.
    pub fn new(executor: Executor, clock: Arc<dyn Clock>) -> Self {
        Self {
            executor: Arc::new(executor),
            clock,
            busy: HashSet::new(),
            failing: HashMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Works until it is told to stop; what has been begun is ended first.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut versions = self.executor.catalog.subscribe();
        while !stop.is_cancelled() {
            versions.mark_unchanged();
            let look_again_at = self.begin_duties();
            self.wait(&mut versions, look_again_at, &stop).await;
        }
        while let Some(ended) = self.tasks.join_next().await {
            self.end(ended);
        }
    }

    /// Waits for anything that may change what there is to do.
    async fn wait(
        &mut self,
        versions: &mut watch::Receiver<u64>,
        look_again_at: Instant,
        stop: &CancellationToken,
    ) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep_until(look_again_at) => {}
            Some(ended) = self.tasks.join_next() => self.end(ended),
            // The catalog outlives its keeper; were it gone, nothing could change any more.
            Ok(()) = versions.changed() => {}
        }
    }

    /// Starts what can be started, and says when to look again even if nothing happens.
    fn begin_duties(&mut self) -> Instant {
        let snapshot = self.executor.catalog.snapshot();
        let (now, instant) = (self.clock.now(), Instant::now());
        let mut look_again_at = instant + IDLE_WAIT_MAX;
        for stream in snapshot.streams.values() {
            if self.busy.contains(&stream.uid) {
                continue;
            }
            let Some(duty) = Duty::of(stream, now) else {
                look_again_at = look_again_at.min(due(Duty::due_at(stream), now, instant));
                continue;
            };
            if let Some(retry) = self
                .failing
                .get(&stream.uid)
                .filter(|retry| retry.not_before > instant)
            {
                look_again_at = look_again_at.min(retry.not_before);
            } else if self.busy.len() < AT_ONCE_MAX {
                self.begin(
                    Subject {
                        name: stream.name.clone(),
                        uid: stream.uid,
                    },
                    duty,
                );
            }
        }
        look_again_at
    }

    fn begin(&mut self, subject: Subject, duty: Duty) {
        self.busy.insert(subject.uid);
        let executor = Arc::clone(&self.executor);
        self.tasks.spawn(async move {
            let outcome = perform(&executor, &subject, duty).await;
            (subject, outcome)
        });
    }

    fn end(&mut self, ended: Result<(Subject, Result<(), DutyError>), JoinError>) {
        let (subject, outcome) = match ended {
            Ok(ended) => ended,
            // A duty that panics is a mistake of ours; going on as if it were none would hide it.
            Err(failure) => std::panic::resume_unwind(failure.into_panic()),
        };
        self.busy.remove(&subject.uid);
        match outcome {
            Ok(()) => {
                self.failing.remove(&subject.uid);
            }
            Err(failure) => self.put_off(&subject, &failure),
        }
    }

    fn put_off(&mut self, subject: &Subject, failure: &DutyError) {
        let failures = self
            .failing
            .get(&subject.uid)
            .map_or(0, |retry| retry.failures)
            + 1;
        let wait = RETRY_WAIT_MIN
            .saturating_mul(1 << failures.min(16))
            .min(RETRY_WAIT_MAX);
        warn!(stream = %subject.name, failures, error = failure as &dyn std::error::Error, "stream's next step failed, tried again later");
        self.failing.insert(
            subject.uid,
            Retry {
                failures,
                not_before: Instant::now() + wait,
            },
        );
    }
}

/// The instant of a time of the wall clock.
fn due(time: Option<Timestamp>, now: Timestamp, instant: Instant) -> Instant {
    time.map_or(instant + IDLE_WAIT_MAX, |time| {
        instant + time.saturating_since(now).min(IDLE_WAIT_MAX)
    })
}
