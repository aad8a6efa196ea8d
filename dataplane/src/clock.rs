//! Where "now" comes from. Owns the only reading of the wall clock on the node; everything below takes a
//! [`Timestamp`] as an argument, so that tests and simulations decide what time it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// A clock that another clock drives with a movable offset: what the tests of jumping clocks use.
#[derive(Debug)]
pub struct OffsetClock<C> {
    inner: C,
    offset_ms: AtomicI64,
}

impl<C: Clock> OffsetClock<C> {
    /// Starts without an offset.
    pub fn new(inner: C) -> Self {
        Self {
            inner,
            offset_ms: AtomicI64::new(0),
        }
    }

    /// Moves the clock to `offset_ms` away from the inner one, forwards or backwards.
    pub fn jump_to_offset(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }
}

impl<C: Clock> Clock for OffsetClock<C> {
    fn now(&self) -> Timestamp {
        let offset_ms = self.offset_ms.load(Ordering::Relaxed);
        Timestamp::from_millis(
            self.inner
                .now()
                .as_millis()
                .saturating_add_signed(offset_ms),
        )
    }
}
