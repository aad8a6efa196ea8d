//! The pause between a group's failure and its next start: longer each time, until one entry is committed.

use std::time::Duration;

use anabranch_domain::Timestamp;

use super::error::Failure;

/// The first pause. Most faults that pass at all take longer, and a single one should not cost more.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// When to try again.
#[derive(Debug)]
pub(super) struct Backoff {
    pause_max: Duration,
    last: Option<LastFailure>,
}

#[derive(Debug)]
struct LastFailure {
    failure: Failure,
    at: Timestamp,
    pause: Duration,
}

impl Backoff {
    /// No failure yet.
    pub(super) fn new(pause_max: Duration) -> Self {
        Self {
            pause_max,
            last: None,
        }
    }

    /// The group failed.
    pub(super) fn failed(&mut self, failure: Failure, at: Timestamp) {
        let doubled = |last: &LastFailure| (last.pause * 2).min(self.pause_max);
        let pause = self.last.as_ref().map_or(FIRST_PAUSE, doubled);
        self.last = Some(LastFailure { failure, at, pause });
    }

    /// An entry was committed.
    pub(super) fn succeeded(&mut self) {
        self.last = None;
    }

    /// Why nothing is tried at `now`, if so. A clock that jumps back does not make the pause longer.
    pub(super) fn pausing(&self, now: Timestamp) -> Option<Failure> {
        let last = self.last.as_ref()?;
        let is_over = now < last.at || now.saturating_since(last.at) >= last.pause;
        (!is_over).then(|| last.failure.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_end_with_a_success() {
        let at = Timestamp::from_millis(1_000);
        let mut backoff = Backoff::new(Duration::from_millis(25));
        for pause_ms in [10, 20, 25, 25] {
            backoff.failed(Failure::Unclear, at);
            assert!(
                backoff
                    .pausing(at.plus(Duration::from_millis(pause_ms - 1)))
                    .is_some()
            );
            assert!(
                backoff
                    .pausing(at.plus(Duration::from_millis(pause_ms)))
                    .is_none()
            );
        }
        backoff.succeeded();
        assert!(backoff.pausing(at).is_none());
    }

    #[test]
    fn a_clock_that_jumps_back_ends_the_pause() {
        let mut backoff = Backoff::new(Duration::from_secs(2));
        backoff.failed(Failure::Unclear, Timestamp::from_millis(5_000));
        assert!(backoff.pausing(Timestamp::from_millis(4_000)).is_none());
    }
}
