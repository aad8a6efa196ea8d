//! Forgetting without touching every counter: weights are added ever larger instead ("forward decay"), and only when
//! they get too large is everything scaled down.

use std::time::Duration;

use crate::Timestamp;

/// In this time half of everything is forgotten: long enough to know a shard that is written to a few times a second,
/// short enough that a front that moves on is followed within a minute.
const HALF_LIFE: Duration = Duration::from_secs(30);
/// After so many half-lives the counters are scaled down; 2^40 leaves a `f64` twelve bits to spare for small weights.
const HALF_LIVES_MAX: f64 = 40.0;

/// The growth of weights since a landmark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decay {
    landmark: Timestamp,
    /// The newest time that was seen.
    latest: Timestamp,
    growth: f64,
}

impl Decay {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            landmark: now,
            latest: now,
            growth: 1.0,
        }
    }

    /// Goes on to `now`; gives the factor by which everything is to be scaled, if it is.
    pub(super) fn advance(&mut self, now: Timestamp) -> Option<f64> {
        if now <= self.latest {
            return None;
        }
        self.latest = now;
        let half_lives = half_lives(now, self.landmark);
        if half_lives <= HALF_LIVES_MAX {
            self.growth = half_lives.exp2();
            return None;
        }
        *self = Self::new(now);
        Some((-half_lives).exp2())
    }

    /// By what a weight is multiplied that is added now.
    pub(super) fn growth(&self) -> f64 {
        self.growth
    }

    /// By what stored weights are multiplied to be those of `now`.
    pub(super) fn factor_at(&self, now: Timestamp) -> f64 {
        (-half_lives(now.max(self.latest), self.landmark)).exp2()
    }

    /// When a weight was stored as it is.
    pub(super) fn landmark(&self) -> Timestamp {
        self.landmark
    }

    /// The newest time that was seen.
    pub(super) fn latest(&self) -> Timestamp {
        self.latest
    }
}

fn half_lives(now: Timestamp, landmark: Timestamp) -> f64 {
    now.saturating_since(landmark).as_secs_f64() / HALF_LIFE.as_secs_f64()
}
