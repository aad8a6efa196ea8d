//! AWS's limits on how often the control plane may be called, where somebody wants them.
//!
//! Off unless asked for: people's test suites make and describe streams as fast as they can and never meant to test this.

use std::sync::{Mutex, PoisonError};

use anabranch_domain::throttle::{CallThrottle, RetryAfter};
use anabranch_domain::{StreamName, Timestamp};
use anabranch_wire::Action;

/// The tanks of all calls; none where calls are not limited.
#[derive(Debug)]
pub struct CallRates(Option<Mutex<CallThrottle>>);

impl CallRates {
    /// AWS's rates.
    pub fn enforced() -> Self {
        Self(Some(Mutex::default()))
    }

    /// Everybody calls as often as they like.
    pub const fn unlimited() -> Self {
        Self(None)
    }

    /// Whether there are any rates: without, nobody needs to find out which stream a call is about.
    pub const fn are_enforced(&self) -> bool {
        self.0.is_some()
    }

    /// Admits one call of `action`, which may be about a stream.
    pub fn admit(
        &self,
        action: Action,
        stream: Option<&StreamName>,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let Some(tanks) = &self.0 else {
            return Ok(());
        };
        let mut tanks = tanks.lock().unwrap_or_else(PoisonError::into_inner);
        tanks.admit(action.name(), stream, now)
    }
}
