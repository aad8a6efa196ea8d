//! The part of a history that a restart must not forget, small enough for a status: what was merged of late, how fast the
//! number of shards changed, the days' peaks, and which boundaries flapped. Averages are not in it: they are back within a
//! minute, and until then nothing is merged.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::history::{Boundary, History, REMEMBERED_MAX};
use crate::{HashKey, HashKeyRange, Timestamp};

/// What to write down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memoir {
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    merges: VecDeque<PastMerge>,
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    changes: VecDeque<CountChange>,
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    peaks: VecDeque<DailyPeak>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    flapped: Vec<FlappedBoundary>,
}

/// Shards that became one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PastMerge {
    pub(super) range: HashKeyRange,
    pub(super) at: Timestamp,
    pub(super) patience: u32,
}

/// By how much the number of shards changed at one time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CountChange {
    pub(super) at: Timestamp,
    pub(super) added: u32,
    pub(super) removed: u32,
}

/// The greatest load of a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DailyPeak {
    /// Days since 1970.
    pub(super) day: u64,
    /// In hundredths of a shard.
    pub(super) load_hundredths: u64,
}

/// A boundary that came back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct FlappedBoundary {
    key: HashKey,
    at: Timestamp,
    patience: u32,
}

impl History {
    /// What to write down of it.
    pub fn memoir(&self) -> Memoir {
        let flapped = self.boundaries.iter();
        let flapped = flapped.filter(|(_, boundary)| boundary.patience > 1);
        Memoir {
            merges: self.merges.clone(),
            changes: self.changes.clone(),
            peaks: self.peaks.clone(),
            flapped: flapped
                .take(REMEMBERED_MAX)
                .map(|(key, boundary)| FlappedBoundary {
                    key: *key,
                    at: boundary.made_at,
                    patience: boundary.patience,
                })
                .collect(),
        }
    }

    /// The history of a stream that others have watched until now. What is needed counts from `now`.
    pub fn resumed(memoir: Memoir, now: Timestamp) -> Self {
        let mut history = Self::default();
        history.merges = memoir.merges;
        history.changes = memoir.changes;
        history.peaks = memoir.peaks;
        for flapped in memoir.flapped {
            let boundary = Boundary {
                made_at: flapped.at,
                needed_at: now,
                patience: flapped.patience,
            };
            history.boundaries.insert(flapped.key, boundary);
        }
        history
    }
}
