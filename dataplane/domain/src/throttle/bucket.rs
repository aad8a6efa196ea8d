//! A tank that fills continuously and holds one second's worth. What is larger than the tank may be taken from a full one
//! and is paid for afterwards.

use std::time::Duration;

use crate::Timestamp;

/// Refused; the same will be possible after this time, if nobody else takes it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("retry after {} ms", .0.as_millis())]
pub struct RetryAfter(pub Duration);

/// One tank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    rate_per_sec: u64,
    /// In thousandths, so that filling by the millisecond is exact. Negative: a debt.
    level_thousandths: i64,
    filled_at: Timestamp,
}

impl Bucket {
    /// A full tank that fills at this rate.
    pub fn new(rate_per_sec: u64, now: Timestamp) -> Self {
        Self {
            rate_per_sec,
            level_thousandths: thousandths(rate_per_sec),
            filled_at: now,
        }
    }

    /// Takes an amount that is known: it must be there, or the tank be full where the amount is larger than the tank.
    pub fn take(&mut self, now: Timestamp, amount: u64) -> Result<(), RetryAfter> {
        self.check(now, amount)?;
        self.level_thousandths = self.level_thousandths.saturating_sub(thousandths(amount));
        Ok(())
    }

    /// Puts back what was taken for something that was not done.
    pub fn give_back(&mut self, amount: u64) {
        let level = self.level_thousandths.saturating_add(thousandths(amount));
        self.level_thousandths = level.min(thousandths(self.rate_per_sec));
    }

    /// Whether [`Self::take`] would succeed, without taking.
    pub fn check(&mut self, now: Timestamp, amount: u64) -> Result<(), RetryAfter> {
        self.fill(now);
        self.wait_for(thousandths(amount.min(self.rate_per_sec)))
    }

    /// Whether there is no debt: what is asked before an amount that is only known afterwards.
    pub fn check_debt(&mut self, now: Timestamp) -> Result<(), RetryAfter> {
        self.fill(now);
        self.wait_for(0)
    }

    /// Takes an amount that has already been given. One that is larger than what was there is paid for in full: the
    /// tank does not count towards it. So 10 MiB at 2 MiB/s cost the five seconds that AWS states.
    pub fn charge(&mut self, now: Timestamp, amount: u64) {
        self.fill(now);
        let amount = thousandths(amount);
        let remaining = self.level_thousandths.saturating_sub(amount);
        self.level_thousandths = if remaining >= 0 {
            remaining
        } else {
            self.level_thousandths.min(0).saturating_sub(amount)
        };
    }

    fn fill(&mut self, now: Timestamp) {
        // After a clock that went back nothing is added, and filling goes on from the new time.
        let elapsed_ms =
            i64::try_from(now.saturating_since(self.filled_at).as_millis()).unwrap_or(i64::MAX);
        let rate = i64::try_from(self.rate_per_sec).unwrap_or(i64::MAX);
        let filled = self
            .level_thousandths
            .saturating_add(elapsed_ms.saturating_mul(rate));
        self.level_thousandths = filled.min(thousandths(self.rate_per_sec));
        self.filled_at = now;
    }

    fn wait_for(&self, needed_thousandths: i64) -> Result<(), RetryAfter> {
        let missing = needed_thousandths.saturating_sub(self.level_thousandths);
        if missing <= 0 {
            return Ok(());
        }
        let missing = u64::try_from(missing).expect("it is positive");
        // A rate of zero never fills; a day stands for never.
        let wait_ms = if self.rate_per_sec == 0 {
            86_400_000
        } else {
            missing.div_ceil(self.rate_per_sec)
        };
        Err(RetryAfter(Duration::from_millis(wait_ms)))
    }
}

fn thousandths(amount: u64) -> i64 {
    i64::try_from(amount)
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000)
}
