//! What was measured of a stream's shards.

use thiserror::Error;

use crate::quota::ShardLimits;
use crate::{HashKeyRange, ShardId, Timestamp};

/// What one shard takes a second. `None`: no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteLimits {
    /// Bytes.
    pub bytes_per_sec: Option<u64>,
    /// Records.
    pub records_per_sec: Option<u64>,
}

impl WriteLimits {
    /// The write limits among a shard's.
    pub const fn of(limits: &ShardLimits) -> Self {
        Self {
            bytes_per_sec: limits.write_bytes_per_sec,
            records_per_sec: limits.write_records_per_sec,
        }
    }

    /// Whether a shard takes everything: then nothing says how full it is.
    pub const fn are_none(&self) -> bool {
        self.bytes_per_sec.is_none() && self.records_per_sec.is_none()
    }

    /// How much of a shard these rates are; the scarcer of the two counts.
    fn load(&self, bytes: f64, records: f64) -> f64 {
        let of = |rate: f64, limit: Option<u64>| limit.map_or(0.0, |limit| rate / as_f64(limit));
        of(bytes, self.bytes_per_sec).max(of(records, self.records_per_sec))
    }
}

/// What one shard was offered, a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    at: Timestamp,
    accepted_bytes: f64,
    accepted_records: f64,
    refused_bytes: f64,
    refused_records: f64,
}

/// Rates that no shard can have: not a number, negative, or beyond all measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a rate is negative, no number, or beyond what a shard can be offered")]
pub struct AbsurdReading;

/// More than this much a second is offered to no shard: a terabyte, or a billion records.
const ABSURD_BYTES: f64 = 1e12;
const ABSURD_RECORDS: f64 = 1e9;

impl Reading {
    /// Rates measured up to `at`, if they can be true.
    pub fn new(
        at: Timestamp,
        accepted: (f64, f64),
        refused: (f64, f64),
    ) -> Result<Self, AbsurdReading> {
        let is_sane = |(bytes, records): (f64, f64)| {
            (0.0..ABSURD_BYTES).contains(&bytes) && (0.0..ABSURD_RECORDS).contains(&records)
        };
        if is_sane(accepted) && is_sane(refused) {
            Ok(Self {
                at,
                accepted_bytes: accepted.0,
                accepted_records: accepted.1,
                refused_bytes: refused.0,
                refused_records: refused.1,
            })
        } else {
            Err(AbsurdReading)
        }
    }

    /// When it was measured.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// What was offered, as a part of what a shard takes.
    pub fn load(&self, limits: &WriteLimits) -> f64 {
        limits.load(
            self.accepted_bytes + self.refused_bytes,
            self.accepted_records + self.refused_records,
        )
    }

    /// What was accepted, likewise.
    pub fn accepted_load(&self, limits: &WriteLimits) -> f64 {
        limits.load(self.accepted_bytes, self.accepted_records)
    }

    /// The refused part of what was offered.
    pub fn refused_share(&self) -> f64 {
        let share = |refused: f64, accepted: f64| {
            if refused > 0.0 {
                refused / (refused + accepted)
            } else {
                0.0
            }
        };
        share(self.refused_bytes, self.accepted_bytes)
            .max(share(self.refused_records, self.accepted_records))
    }

    /// Bytes offered a second.
    pub fn offered_bytes(&self) -> f64 {
        self.accepted_bytes + self.refused_bytes
    }
}

/// One open shard.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardLoad {
    /// Its name. Never used again, so a reading of it is of this shard or of none.
    pub id: ShardId,
    /// Its hash keys.
    pub range: HashKeyRange,
    /// Since when it takes records.
    pub opened_at: Timestamp,
    /// The newest that was measured, if anything was.
    pub reading: Option<Reading>,
}

/// A stream's open shards.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamLoads {
    /// In the order of their hash keys, which they tile.
    pub shards: Vec<ShardLoad>,
    /// What each takes.
    pub limits: WriteLimits,
    /// Whether a reshard is under way, whoever asked for it.
    pub is_resharding: bool,
    /// How many more shards the pods have room for, where that is known. Shards are cut in two and merged by two, and each that was
    /// keeps its place until its records expire: a cut into `n` takes `2 (n − 1)` places, a merge of `n` takes `n − 1`.
    pub room: Option<u32>,
}

impl StreamLoads {
    /// How many take records.
    pub fn open_shards(&self) -> u32 {
        u32::try_from(self.shards.len()).unwrap_or(u32::MAX)
    }

    /// The shard with this name.
    pub fn shard(&self, id: ShardId) -> Option<&ShardLoad> {
        self.shards.iter().find(|shard| shard.id == id)
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a limit of 2^53 bytes a second is beyond all measure"
)]
fn as_f64(limit: u64) -> f64 {
    (limit as f64).max(1.0)
}
