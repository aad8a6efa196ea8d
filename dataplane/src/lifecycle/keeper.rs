//! Watches the catalog and sees to every stream's duty, one task a stream.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::Snapshot;
use anabranch_domain::{StreamName, StreamUid, Timestamp};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Duty;
use super::perform::{DutyError, Subject, perform};
use crate::catalog::{StreamChange, stream_changes};
use crate::clock::Clock;
use crate::resharding::Executor;

/// Streams that are seen to at a time. Their changes share group commits, so more would only wait for each other.
const AT_ONCE_MAX: usize = 64;
/// How long to wait after a first failure; doubled with each further one.
const RETRY_WAIT_MIN: Duration = Duration::from_millis(50);
/// How long to wait at most.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long at most where somebody waits for a new stream: in a cluster its pods are starting meanwhile.
const BIRTH_RETRY_WAIT_MAX: Duration = Duration::from_millis(500);
/// How long a stream that has no duty is left alone at most, so that a clock which jumped is noticed.
const IDLE_WAIT_MAX: Duration = Duration::from_mins(1);

/// Sees to the duties of all streams.
pub struct Keeper {
    executor: Arc<Executor>,
    clock: Arc<dyn Clock>,
    /// The snapshot whose streams were put on the agenda.
    seen: Arc<Snapshot>,
    /// Streams to look at, and when: those that changed, those that failed, and those that get a duty by and by.
    agenda: HashMap<StreamUid, Appointment>,
    /// Streams that a task works for.
    busy: HashSet<StreamUid>,
    /// How often a stream's task failed in a row.
    failures: HashMap<StreamUid, u32>,
    tasks: JoinSet<Ended>,
}

/// What became of a duty.
struct Ended {
    subject: Subject,
    outcome: Result<(), DutyError>,
    /// How long to wait at most before the next attempt.
    retry_wait_max: Duration,
}

/// A stream to look at.
#[derive(Debug, Clone)]
struct Appointment {
    name: StreamName,
    at: Instant,
}

impl Keeper {
    /// A keeper that has not looked yet.
    pub fn new(executor: Executor, clock: Arc<dyn Clock>) -> Self {
        let seen = executor.catalog.snapshot();
        let at = Instant::now();
        let everything = seen.streams.values().map(|stream| {
            let name = stream.name.clone();
            (stream.uid, Appointment { name, at })
        });
        Self {
            agenda: everything.collect(),
            executor: Arc::new(executor),
            clock,
            seen,
            busy: HashSet::new(),
            failures: HashMap::new(),
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
        self.note_changes();
        let (now, instant) = (self.clock.now(), Instant::now());
        let due: Vec<_> = self
            .agenda
            .iter()
            .filter(|(uid, appointment)| appointment.at <= instant && !self.busy.contains(*uid))
            .map(|(uid, appointment)| (*uid, appointment.name.clone()))
            .collect();
        for (uid, name) in due {
            if self.busy.len() >= AT_ONCE_MAX {
                // The next task that ends makes room.
                break;
            }
            self.look_at(Subject { name, uid }, now, instant);
        }
        let waiting = self
            .agenda
            .iter()
            .filter(|(uid, _)| !self.busy.contains(*uid))
            .map(|(_, appointment)| appointment.at)
            .filter(|at| *at > instant);
        waiting.min().unwrap_or(instant + IDLE_WAIT_MAX)
    }

    /// Puts the streams on the agenda that changed since it was last looked.
    fn note_changes(&mut self) {
        let newest = self.executor.catalog.snapshot();
        let at = Instant::now();
        for change in stream_changes(&self.seen, &newest) {
            let (StreamChange::New(stream) | StreamChange::Altered { after: stream, .. }) = change
            else {
                continue;
            };
            let name = stream.name.clone();
            // A stream that fails keeps its pause, whatever else happens to it.
            if !self.failures.contains_key(&stream.uid) {
                self.agenda.insert(stream.uid, Appointment { name, at });
            }
        }
        self.seen = newest;
    }

    /// Begins the stream's duty, or says when it will have one.
    fn look_at(&mut self, subject: Subject, now: Timestamp, instant: Instant) {
        self.agenda.remove(&subject.uid);
        let found = self.seen.streams.get(&subject.name);
        let Some(stream) = found.filter(|stream| stream.uid == subject.uid) else {
            self.failures.remove(&subject.uid);
            return;
        };
        if let Some(duty) = Duty::of(stream, now) {
            self.begin(subject, duty);
        } else if let Some(time) = Duty::due_at(stream) {
            let at = instant + time.saturating_since(now).min(IDLE_WAIT_MAX);
            let name = subject.name;
            self.agenda.insert(subject.uid, Appointment { name, at });
        }
    }

    fn begin(&mut self, subject: Subject, duty: Duty) {
        self.busy.insert(subject.uid);
        let executor = Arc::clone(&self.executor);
        let retry_wait_max = match duty {
            Duty::Activate { .. } => BIRTH_RETRY_WAIT_MAX,
            _ => RETRY_WAIT_MAX,
        };
        self.tasks.spawn(async move {
            let outcome = perform(&executor, &subject, duty).await;
            Ended {
                subject,
                outcome,
                retry_wait_max,
            }
        });
    }

    fn end(&mut self, ended: Result<Ended, JoinError>) {
        let Ended {
            subject,
            outcome,
            retry_wait_max,
        } = match ended {
            Ok(ended) => ended,
            // A duty that panics is a mistake of ours; going on as if it were none would hide it.
            Err(failure) => std::panic::resume_unwind(failure.into_panic()),
        };
        self.busy.remove(&subject.uid);
        let mut at = Instant::now();
        match outcome {
            Ok(()) => {
                self.failures.remove(&subject.uid);
            }
            Err(failure) => at += self.pause_after(&subject, &failure).min(retry_wait_max),
        }
        let name = subject.name;
        self.agenda.insert(subject.uid, Appointment { name, at });
    }

    /// How long to leave a stream alone whose task failed.
    fn pause_after(&mut self, subject: &Subject, failure: &DutyError) -> Duration {
        let failures = self.failures.entry(subject.uid).or_default();
        *failures += 1;
        // The first ones and then ever fewer: what fails for hours is not news twice a second.
        if failures.is_power_of_two() {
            warn!(stream = %subject.name, failures = *failures, error = failure as &dyn std::error::Error, "stream's next step failed, tried again later");
        }
        RETRY_WAIT_MIN
            .saturating_mul(1 << (*failures).min(16))
            .min(RETRY_WAIT_MAX)
    }
}
