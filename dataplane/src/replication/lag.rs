//! What is known of one replica that lags: what it is given for nothing, and whether somebody waits for it. Pure.

use std::time::Duration;

use tokio::time::Instant;

use super::log_store::MESSAGE_BYTES_ENOUGH;

/// Entries that a majority does not have after so long wait for replicas that lag.
const STALLED: Duration = Duration::from_millis(300);

/// How the log stands from which a replica is filled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// Whether a majority was found for this leadership.
    pub(super) is_led: bool,
    /// Bytes that the log has grown by since it was loaded.
    pub(super) grown_bytes: u64,
    /// The index after the last applied entry.
    pub(super) applied_end: u64,
    /// The index after the last entry.
    pub(super) end: u64,
}

/// One replica that lags.
///
/// It pays for what it gains on the log and not for what the log grows by: a shard's writers, who may well be faster than
/// the budget, would keep it behind for ever otherwise, and that much it would be sent anyway if it kept pace.
#[derive(Clone, Debug, Default)]
pub(super) struct Lag {
    /// How far the log had grown when that was looked at last.
    grown_bytes: Option<u64>,
    /// What the log grew by since, and was not sent yet.
    free_bytes: u64,
    /// Where the log was applied to, and since when an entry has waited there for a majority.
    waiting: Option<(u64, Instant)>,
}

impl Lag {
    /// It lacks old entries.
    fn behind(&mut self, facts: &Facts) {
        let before = self.grown_bytes.replace(facts.grown_bytes);
        let grown = before.map_or(0, |before| facts.grown_bytes.saturating_sub(before));
        self.free_bytes = self.free_bytes.saturating_add(grown);
    }

    /// Whether it is given the next entries at once: the log grew by so much that they are free, or an entry waits for a majority for so long that
    /// it may be this replica that it waits for.
    pub(super) fn may_not_wait(&mut self, facts: &Facts, now: Instant) -> bool {
        self.behind(facts);
        if facts.applied_end >= facts.end {
            self.waiting = None;
        } else if self.waiting.is_none_or(|(end, _)| end != facts.applied_end) {
            self.waiting = Some((facts.applied_end, now));
        }
        let is_stalled = self
            .waiting
            .is_some_and(|(_, since)| now.saturating_duration_since(since) >= STALLED);
        is_stalled || self.free_bytes >= MESSAGE_BYTES_ENOUGH as u64
    }

    /// What it pays for `bytes`.
    pub(super) fn price(&mut self, bytes: u64) -> u64 {
        let free = self.free_bytes.min(bytes);
        self.free_bytes -= free;
        bytes - free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_rest(grown_bytes: u64) -> Facts {
        Facts {
            is_led: true,
            grown_bytes,
            applied_end: 10,
            end: 10,
        }
    }

    #[test]
    fn what_the_log_grows_by_is_free_and_the_rest_is_not() {
        let mut lag = Lag::default();
        lag.behind(&at_rest(5_000));
        assert_eq!(
            lag.price(700),
            700,
            "it grew before this replica was known to lag"
        );
        lag.behind(&at_rest(5_300));
        assert_eq!(lag.price(700), 400);
        lag.behind(&at_rest(7_300));
        assert_eq!((lag.price(700), lag.price(700)), (0, 0));
        assert_eq!(lag.price(700), 100);
        // A log that was read again counts from nothing.
        lag.behind(&at_rest(0));
        assert_eq!(lag.price(700), 700);
    }

    #[test]
    fn a_replica_does_not_wait_while_writers_outrun_the_budget() {
        let now = Instant::now();
        let mut lag = Lag::default();
        let enough = MESSAGE_BYTES_ENOUGH as u64;
        assert!(!lag.may_not_wait(&at_rest(0), now));
        assert!(!lag.may_not_wait(&at_rest(enough - 1), now));
        assert!(lag.may_not_wait(&at_rest(enough), now));
    }

    #[test]
    fn a_replica_does_not_wait_while_a_put_may_wait_for_it() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let waits_at = |applied_end| Facts {
            applied_end,
            end: 20,
            ..at_rest(0)
        };
        let mut lag = Lag::default();
        assert!(!lag.may_not_wait(&at_rest(0), after(0)));
        assert!(
            !lag.may_not_wait(&waits_at(10), after(5_000)),
            "it came just now"
        );
        assert!(!lag.may_not_wait(&waits_at(10), after(5_299)));
        assert!(lag.may_not_wait(&waits_at(10), after(5_300)));
        assert!(
            !lag.may_not_wait(&waits_at(11), after(5_400)),
            "a majority without it is there"
        );
        assert!(!lag.may_not_wait(&at_rest(0), after(5_500)));
        assert!(!lag.may_not_wait(&waits_at(11), after(9_000)));
    }
}
