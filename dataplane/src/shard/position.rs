//! Where a reader stands.

use anabranch_domain::Timestamp;

/// Where to begin reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// The oldest record that is still there.
    TrimHorizon,
    /// The record with this ordinal, or the next one that is still there.
    Ordinal(u64),
    /// The first record that arrived at this time or later.
    Timestamp(Timestamp),
    /// After the newest record.
    Latest,
    /// Where a former read left off.
    Resume(Resume),
}

/// Where a read left off: a position in the log, so that reading on is a seek.
///
/// The ordinal alone decides what is read; the log index says where to look, and may be wrong only by being too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resume {
    /// The log entry to look at first.
    pub log_index: u64,
    /// The ordinal of the next record.
    pub ordinal: u64,
}

/// How much one read gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Records at most.
    pub records_max: usize,
    /// Bytes at most, as stored; a first record that is larger is given alone.
    pub bytes_max: usize,
    /// Records that arrived before this have expired, whether they are trimmed yet or not.
    pub horizon: Timestamp,
}
