//! Two exponentially weighted averages of what a shard is offered, and since when it is too much.

use std::time::Duration;

use super::Reading;
use super::loads::WriteLimits;
use crate::Timestamp;

/// Quick enough to see a step within two scrapes.
const FAST: Duration = Duration::from_secs(15);
/// Slow enough that a burst of a few seconds is not the shard's load.
const SLOW: Duration = Duration::from_mins(1);

/// One shard's averages, as parts of its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Averages {
    /// Over 15 s.
    pub(super) fast: f64,
    /// Over 60 s.
    pub(super) slow: f64,
    /// The newest reading's.
    pub(super) last: f64,
    /// The refused part of it.
    pub(super) refused_share: f64,
    /// What the newest reading says it is offered at its end.
    surge: f64,
    /// Bytes a second offered, over 60 s.
    pub(super) bytes_per_sec: f64,
    /// When the newest reading was taken.
    pub(super) at: Timestamp,
    /// Since when it is offered more than it should be.
    pub(super) over_since: Option<Timestamp>,
}

impl Averages {
    pub(super) fn of(reading: &Reading, limits: &WriteLimits) -> Self {
        let load = reading.load(limits);
        Self {
            fast: load,
            slow: load,
            last: load,
            refused_share: reading.refused_share(),
            surge: load,
            bytes_per_sec: reading.offered_bytes(),
            at: reading.at(),
            over_since: None,
        }
    }

    /// Takes a newer reading in; an older one, or the same again, changes nothing.
    pub(super) fn take(&mut self, reading: &Reading, limits: &WriteLimits) {
        if reading.at() <= self.at {
            return;
        }
        let passed = reading.at().saturating_since(self.at).as_secs_f64();
        let weight = |over: Duration| 1.0 - (-passed / over.as_secs_f64()).exp();
        let load = reading.load(limits);
        self.fast += (load - self.fast) * weight(FAST);
        self.slow += (load - self.slow) * weight(SLOW);
        self.bytes_per_sec += (reading.offered_bytes() - self.bytes_per_sec) * weight(SLOW);
        self.surge = surge(self.last, reading, limits);
        self.last = load;
        self.refused_share = reading.refused_share();
        self.at = reading.at();
    }

    /// What the shard must be expected to be offered: when it grows, the averages lag behind, and the difference of the two
    /// says by how much; when it refuses records, the newest reading is no peak that passes.
    pub(super) fn demand(&self) -> f64 {
        let growth = (self.fast - self.slow).max(0.0);
        let averaged = self.fast.max(self.slow).max(self.fast + growth);
        if self.refused_share > 0.0 {
            averaged.max(self.surge)
        } else {
            averaged
        }
    }
}

/// The least part of a reading's time that a surge is taken to have filled.
const SURGE_PART_MIN: f64 = 0.2;

/// What a shard is offered at the end of a reading that refuses records. A load that jumps does so in the middle of a reading,
/// whose mean then says too little. But a shard that refuses takes all that it may, so what was accepted beyond the load
/// before says for how long it has been refusing.
fn surge(before: f64, reading: &Reading, limits: &WriteLimits) -> f64 {
    let (offered, accepted) = (reading.load(limits), reading.accepted_load(limits));
    let refused = (offered - accepted).max(0.0);
    if refused <= 0.0 || before >= 1.0 {
        return offered;
    }
    let part = ((accepted - before) / (1.0 - before)).clamp(SURGE_PART_MIN, 1.0);
    offered.max(1.0 + refused / part)
}
