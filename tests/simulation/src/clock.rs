//! The clocks of simulated machines: simulated time, the days that passed in between, and how far each machine is off.

use std::sync::atomic::{AtomicI64, Ordering};

use anabranch::clock::Clock;
use anabranch_domain::Timestamp;

/// What every clock that is right says when a simulation begins.
const BEGINNING_MS: i64 = 1_800_000_000_000;

/// Time that passed for all clocks at once and that nobody was made to wait for. A process runs one simulation.
static LEAPT_MS: AtomicI64 = AtomicI64::new(0);

/// Lets `hours` pass at once, for every machine.
pub(crate) fn leap(hours: u32) {
    LEAPT_MS.fetch_add(i64::from(hours) * 3_600_000, Ordering::Relaxed);
}

/// One machine's wall clock.
#[derive(Debug, Default)]
pub(crate) struct MachineClock {
    off_by_ms: AtomicI64,
}

impl MachineClock {
    /// Sets it as far off as this, ahead or behind.
    pub(crate) fn set_off_by_ms(&self, off_by_ms: i64) {
        self.off_by_ms.store(off_by_ms, Ordering::Relaxed);
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let elapsed = turmoil::sim_elapsed().unwrap_or_default().as_millis();
        let elapsed = i64::try_from(elapsed).expect("simulations are short");
        let elapsed = elapsed + LEAPT_MS.load(Ordering::Relaxed);
        let now = BEGINNING_MS + elapsed + self.off_by_ms.load(Ordering::Relaxed);
        Timestamp::from_millis(now.unsigned_abs())
    }
}
