//! What can be wrong with stored bytes. Always with the shard and the index, so that the entry can be repaired.

use anabranch_domain::ShardUid;

use super::encryption::KeyFingerprint;
use crate::keys::LogKey;

/// A stored entry that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {index} of shard {shard}: {fault}")]
pub struct EntryError {
    /// Whose log.
    pub shard: ShardUid,
    /// Which entry.
    pub index: u64,
    /// What is wrong with it.
    pub fault: EntryFault,
}

impl EntryError {
    pub(crate) fn new(key: LogKey, fault: EntryFault) -> Self {
        Self {
            shard: key.shard,
            index: key.index,
            fault,
        }
    }
}

/// What is wrong with a stored entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Fewer or more bytes than the header or its own length fields say.
    #[error("{found} bytes where {expected} belong")]
    Length {
        /// Bytes there.
        found: usize,
        /// Bytes that should be there.
        expected: usize,
    },
    /// Bytes changed since they were written, or they belong to another key.
    #[error("the checksum of the {part} is {found:08x}, not {expected:08x}")]
    Checksum {
        /// `header` or `payload`.
        part: &'static str,
        /// Checksum of the bytes found.
        found: u32,
        /// Checksum written with them.
        expected: u32,
    },
    /// Written by a newer release.
    #[error("format {0} is unknown to this release")]
    Format(u8),
    /// A number that stands for nothing.
    #[error("{field} {value} is unknown")]
    Unknown {
        /// Which field.
        field: &'static str,
        /// What it holds.
        value: u64,
    },
    /// The header is of another entry of the same shard.
    #[error("its header says entry {0}")]
    Misplaced(u64),
    /// A payload of another kind was asked for.
    #[error("it holds no {0}")]
    WrongKind(&'static str),
    /// A record's lengths or texts make no sense.
    #[error("record {0} is malformed")]
    Record(u32),
    /// The key that sealed its records is not on the key ring.
    #[error("its records are sealed with the key {0}, which is not there")]
    MissingKey(KeyFingerprint),
    /// The records were not sealed with that key, or were changed.
    #[error("its records do not open with their key")]
    Unsealing,
}
