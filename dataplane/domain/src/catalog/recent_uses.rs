//! When something that AWS allows only so often was done. Bounded by the quota itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The times of the last uses within a rolling day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecentUses(Vec<Timestamp>);

impl RecentUses {
    /// AWS counts over a rolling 24 hours.
    pub const WINDOW: Duration = Duration::from_hours(24);

    /// These uses, as they were kept elsewhere.
    pub const fn from_times(times: Vec<Timestamp>) -> Self {
        Self(times)
    }

    /// The times.
    pub fn times(&self) -> &[Timestamp] {
        &self.0
    }

    /// How many uses the last 24 hours before `now` had.
    pub fn count_at(&self, now: Timestamp) -> usize {
        self.0
            .iter()
            .filter(|used| Self::is_recent(**used, now))
            .count()
    }

    /// This and one use at `now`; older ones are forgotten, and so is the oldest where there are more than `kept_max`.
    #[must_use]
    pub(super) fn with_use_at(&self, now: Timestamp, kept_max: usize) -> Self {
        let recent = self
            .0
            .iter()
            .copied()
            .filter(|used| Self::is_recent(*used, now));
        let mut uses: Vec<_> = recent.chain([now]).collect();
        let excess = uses.len().saturating_sub(kept_max);
        uses.drain(..excess);
        Self(uses)
    }

    fn is_recent(used: Timestamp, now: Timestamp) -> bool {
        now.saturating_since(used) < Self::WINDOW
    }
}
