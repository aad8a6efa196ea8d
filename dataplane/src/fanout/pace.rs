//! How fast one subscription is pushed to: what was sent is paid off at a fixed rate before more is sent.
//!
//! A debt and not a tank: an event goes out whole and at once, and its size decides how long the next one waits.

use std::time::Duration;

use tokio::time::Instant;

/// The pace of one subscription.
#[derive(Debug)]
pub(super) struct Pace {
    bytes_per_sec: Option<u64>,
    paid_off_at: Instant,
}

impl Pace {
    /// `bytes_per_sec`, or as fast as the client takes them.
    pub(super) fn new(bytes_per_sec: Option<u64>) -> Self {
        Self {
            bytes_per_sec,
            paid_off_at: Instant::now(),
        }
    }

    /// When the next event may be sent.
    pub(super) fn ready_at(&self) -> Instant {
        self.paid_off_at
    }

    /// `bytes` are sent now.
    pub(super) fn charge(&mut self, bytes: u64) {
        if let Some(rate) = self.bytes_per_sec {
            let millis = bytes.saturating_mul(1000) / rate.max(1);
            self.paid_off_at = self.paid_off_at.max(Instant::now()) + Duration::from_millis(millis);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_events_of_a_second_each_wait_two_seconds() {
        let mut pace = Pace::new(Some(1000));
        let start = Instant::now();
        assert_eq!(pace.ready_at(), start);
        pace.charge(1000);
        pace.charge(1000);
        assert_eq!(pace.ready_at(), start + Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nothing_waits() {
        let mut pace = Pace::new(None);
        pace.charge(u64::MAX);
        assert_eq!(pace.ready_at(), Instant::now());
    }
}
