//! The account: whose streams these are, and what it committed itself to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Region, Timestamp};

/// The account and region that a catalog is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose streams these are.
    pub id: AccountId,
    /// Where they are.
    pub region: Region,
    /// Whether it pays for a minimum throughput, which unlocks warm throughput and more consumers.
    #[serde(default)]
    pub billing_commitment: BillingCommitment,
}

impl Account {
    /// An account without commitments.
    pub const fn new(id: AccountId, region: Region) -> Self {
        Self {
            id,
            region,
            billing_commitment: BillingCommitment::Disabled { ended_at: None },
        }
    }
}

/// `MinimumThroughputBillingCommitment`: once begun it lasts a day at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status")]
pub enum BillingCommitment {
    /// Not committed.
    Disabled {
        /// When the last commitment ended, if there was one.
        ended_at: Option<Timestamp>,
    },
    /// Committed until further notice.
    Enabled {
        /// Since when.
        started_at: Timestamp,
    },
    /// Committed until the first day is over: it was asked to end before.
    EndingEarliest {
        /// Since when.
        started_at: Timestamp,
    },
}

/// AWS's word for the state of a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitmentStatus {
    /// Committed.
    Enabled,
    /// Not committed.
    Disabled,
    /// Committed, and ends by itself.
    EnabledUntilEarliestAllowedEnd,
}

impl CommitmentStatus {
    /// The word itself.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
            Self::EnabledUntilEarliestAllowedEnd => "ENABLED_UNTIL_EARLIEST_ALLOWED_END",
        }
    }
}

impl Default for BillingCommitment {
    fn default() -> Self {
        Self::Disabled { ended_at: None }
    }
}

impl BillingCommitment {
    /// How long a commitment lasts at least.
    pub const DURATION_MIN: Duration = Duration::from_hours(24);

    /// What it is at `now`: one that was to end by itself has done so when its day is over, without any change.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::EndingEarliest { started_at } if now >= earliest_end(started_at) => {
                Self::Disabled {
                    ended_at: Some(earliest_end(started_at)),
                }
            }
            other => other,
        }
    }

    /// What it is after `UpdateAccountSettings` asked to enable it.
    #[must_use]
    pub fn enable(self, now: Timestamp) -> Self {
        match self.at(now) {
            Self::Disabled { .. } => Self::Enabled { started_at: now },
            // Enabling again takes a pending end back.
            Self::Enabled { started_at } | Self::EndingEarliest { started_at } => {
                Self::Enabled { started_at }
            }
        }
    }

    /// What it is after `UpdateAccountSettings` asked to disable it.
    #[must_use]
    pub fn disable(self, now: Timestamp) -> Self {
        match self.at(now) {
            Self::Enabled { started_at } if now >= earliest_end(started_at) => Self::Disabled {
                ended_at: Some(now),
            },
            Self::Enabled { started_at } => Self::EndingEarliest { started_at },
            other => other,
        }
    }

    /// Whether it holds at `now`.
    pub fn is_enabled_at(self, now: Timestamp) -> bool {
        !matches!(self.at(now), Self::Disabled { .. })
    }

    /// AWS's word for it. Ask [`Self::at`] first.
    pub const fn status(self) -> CommitmentStatus {
        match self {
            Self::Disabled { .. } => CommitmentStatus::Disabled,
            Self::Enabled { .. } => CommitmentStatus::Enabled,
            Self::EndingEarliest { .. } => CommitmentStatus::EnabledUntilEarliestAllowedEnd,
        }
    }

    /// Since when it holds.
    pub const fn started_at(self) -> Option<Timestamp> {
        match self {
            Self::Disabled { .. } => None,
            Self::Enabled { started_at } | Self::EndingEarliest { started_at } => Some(started_at),
        }
    }

    /// When the last one ended, if none holds.
    pub const fn ended_at(self) -> Option<Timestamp> {
        match self {
            Self::Disabled { ended_at } => ended_at,
            _ => None,
        }
    }

    /// When the one that holds may end.
    pub fn earliest_allowed_end_at(self) -> Option<Timestamp> {
        self.started_at().map(earliest_end)
    }
}

fn earliest_end(started_at: Timestamp) -> Timestamp {
    started_at.plus(BillingCommitment::DURATION_MIN)
}
