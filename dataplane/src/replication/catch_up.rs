//! How fast this process sends other replicas what they lack: one budget for all its shards.
//!
//! Owns the tank and the line before it, and what one replica that lags pays. Only entries that are no longer in memory are
//! paid for ([`super::Journal`]'s tail): those were agreed on long ago and cost the disk that serves the clients. Whoever keeps pace is given
//! entries from memory and meets nothing of this.
//!
//! The sender keeps the budget, not who is filled: it is the leaders that have clients to serve, they know what is old before it
//! is read, and whoever waits here holds nothing in memory. So a pod that is filled by `n` others gets at most `n` budgets.
//!
//! **Invariants.** Over any time no more is sent than that time's worth, one second's more, what logs grew by meanwhile ([`Lag`]) and one message
//! a thread. A put never waits for the budget: see [`Lag::may_not_wait`].

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anabranch_domain::{
    Timestamp,
    throttle::{Bucket, RetryAfter},
};
use tokio::time::{Instant, sleep};

use super::{
    Journal,
    lag::{Facts, Lag},
    log_state::LogState,
};

/// Whoever waits looks so often whether it still has to.
const GLANCE: Duration = Duration::from_millis(100);

/// What all shards of a process may spend on replicas that lag.
pub struct CatchUp {
    /// None: as much as they like.
    tank: Option<Mutex<Bucket>>,
    /// Who waits for the tank, in the order in which they came.
    line: tokio::sync::Mutex<()>,
    begun: Instant,
    sent_bytes: AtomicU64,
}

impl CatchUp {
    /// A budget of so many bytes a second; none: no bound.
    pub(crate) fn new(bytes_per_sec: Option<u64>) -> Self {
        let tank = bytes_per_sec.map(|rate| Mutex::new(Bucket::new(rate, Timestamp::EPOCH)));
        Self {
            tank,
            line: tokio::sync::Mutex::default(),
            begun: Instant::now(),
            sent_bytes: AtomicU64::new(0),
        }
    }

    /// Bytes sent to replicas that lag since this was asked last.
    pub fn take_sent_bytes(&self) -> u64 {
        self.sent_bytes.swap(0, Ordering::Relaxed)
    }

    /// By the steady clock: a wall clock that is set ahead must not fill the tank.
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.plus(self.begun.elapsed())
    }

    /// Waits until what was sent is paid off; first come, first served.
    async fn turn(&self) {
        let Some(tank) = &self.tank else { return };
        let _first_in_line = self.line.lock().await;
        loop {
            let checked = {
                let mut tank = tank.lock().unwrap_or_else(PoisonError::into_inner);
                tank.check_debt(self.now())
            };
            match checked {
                Ok(()) => return,
                Err(RetryAfter(pause)) => sleep(pause).await,
            }
        }
    }

    fn charge(&self, bytes: u64) {
        if let Some(tank) = &self.tank {
            let mut tank = tank.lock().unwrap_or_else(PoisonError::into_inner);
            tank.charge(self.now(), bytes);
        }
    }
}

/// What one replica of one shard is read for it, and what that costs.
#[derive(Clone, Debug)]
pub(super) struct Refill {
    catch_up: Arc<CatchUp>,
    lag: Lag,
}

/// Permission to read old entries once.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// They are to be paid for.
    Paid,
    /// They are not: whether the replica lags is not known yet.
    Free,
}

impl Refill {
    pub(super) fn new(catch_up: Arc<CatchUp>) -> Self {
        let lag = Lag::default();
        Self { catch_up, lag }
    }

    /// Before entries are read that are no longer in memory: waits for this replica's turn.
    pub(super) async fn turn(&mut self, journal: &Journal) -> Turn {
        let Some(facts) = facts(journal) else {
            return Turn::Free;
        };
        if !facts.is_led {
            return Turn::Free;
        }
        if !self.lag.may_not_wait(&facts, Instant::now()) {
            let catch_up = Arc::clone(&self.catch_up);
            tokio::select! {
                biased;
                () = catch_up.turn() => {}
                () = self.excused(journal) => {}
            }
        }
        Turn::Paid
    }

    /// Waits until this replica need not wait.
    async fn excused(&mut self, journal: &Journal) {
        loop {
            sleep(GLANCE).await;
            let is_excused =
                facts(journal).is_none_or(|facts| self.lag.may_not_wait(&facts, Instant::now()));
            if is_excused {
                return;
            }
        }
    }

    /// So many bytes were read after a turn that is to be paid for.
    pub(super) fn pay(&mut self, bytes: u64) {
        self.catch_up.sent_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.catch_up.charge(self.lag.price(bytes));
    }

    /// It was given entries from memory.
    pub(super) fn keeps_pace(&mut self) {
        self.lag = Lag::default();
    }
}

fn facts(journal: &Journal) -> Option<Facts> {
    journal.with(|state| Facts {
        is_led: is_led(state),
        grown_bytes: state.grown_bytes,
        applied_end: state.visible_end(),
        end: state.next_index(),
    })
}

/// Whether a majority was found for this leadership. Before that nobody knows who lags, and everybody waits for it.
fn is_led(state: &LogState) -> bool {
    let term = state.vote.map(|vote| vote.leader_id.term);
    state.applied.map(|applied| applied.term) == term
}

impl fmt::Debug for CatchUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatchUp").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "catch_up_test.rs"]
mod catch_up_test;
