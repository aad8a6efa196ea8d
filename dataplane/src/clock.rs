//! Where "now" comes from. Owns the only reading of the wall clock on the node; everything below takes a
//! [`Timestamp`] as an argument, so that tests and simulations decide what time it is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anabranch_domain::time::Timestamp;

/// A source of the current time, in milliseconds since the Unix epoch.
pub trait Clock: Send + Sync + 'static {
    /// The time now. May jump in either direction, as a machine's clock does; whoever needs order clamps.
    fn now(&self) -> Timestamp;
}

/// The machine's wall clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock for what cannot be undone, such as deleting what has expired: it follows the wall clock, but a jump ahead is
/// caught up with at no more than twice the pace of real time.
///
/// So a clock that is set a year ahead by mistake for a minute expires two minutes of records and not a year of them,
/// and a laptop that slept for a night catches up within a night. A jump back is followed at once: it deletes nothing.
pub struct CautiousClock {
    wall: Arc<dyn Clock>,
    last: Mutex<Seen>,
}

/// What the cautious clock last said, and when by the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Seen {
    said: Timestamp,
    at: Instant,
}

impl CautiousClock {
    /// Trusts `wall` as it is now, at the start of the process.
    pub fn new(wall: Arc<dyn Clock>) -> Self {
        let said = wall.now();
        let at = Instant::now();
        Self {
            wall,
            last: Mutex::new(Seen { said, at }),
        }
    }

    fn after(last: Seen, wall: Timestamp, at: Instant) -> Timestamp {
        let elapsed = at.saturating_duration_since(last.at);
        wall.min(last.said.plus(elapsed * 2))
    }
}

impl Clock for CautiousClock {
    fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now();
        let said = Self::after(*last, self.wall.now(), at);
        *last = Seen { said, at };
        said
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_jump_ahead_is_caught_up_with_at_twice_the_pace() {
        let start = Instant::now();
        let seen = Seen {
            said: Timestamp::from_secs(1_000),
            at: start,
        };
        let minute = start + Duration::from_mins(1);
        let after = |wall_secs| CautiousClock::after(seen, Timestamp::from_secs(wall_secs), minute);
        assert_eq!(after(1_060), Timestamp::from_secs(1_060), "as it should be");
        assert_eq!(
            after(9_999_999),
            Timestamp::from_secs(1_120),
            "a jump ahead"
        );
        assert_eq!(after(10), Timestamp::from_secs(10), "a jump back");
    }
}
