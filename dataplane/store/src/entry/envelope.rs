//! The header of every log entry, format 1. Numbers are big-endian.
//!
//! ```text
//!  0 format u8 = 1      1 kind u8        2 flags u8       3 phase u8
//!  4 header crc32c u32: of the shard's uid and these bytes, with zeros here
//!  8 payload crc32c u32
//! 12 payload length u32
//! 16 term u64          24 leader u64    32 index u64
//! 40 first ordinal u64 48 time u64 (ms since the epoch)
//! 56 epoch u64         64 record count u32               68 zero u32
//! ```
//!
//! The shard is part of the checksum and not of the bytes: a value that RocksDB hands out under another shard's key
//! does not pass as that shard's.

use anabranch_domain::{ShardPhase, ShardUid, Timestamp};
use bytes::Bytes;

use super::{EntryError, EntryFault};
use crate::keys::LogKey;

/// Bytes of the header.
pub const HEADER_LEN: usize = 72;

const FORMAT: u8 = 1;
const ENCRYPTED: u8 = 1;

/// What an entry holds. The numbers are on disk and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// Nothing: a new leader's first entry.
    Blank = 1,
    /// The group's membership, in Raft's own bytes.
    Membership = 2,
    /// Records: see [`super::BatchView`].
    Append = 3,
    /// The shard's end: see [`super::Seal`].
    Seal = 4,
    /// The shard's beginning: see [`super::Activate`].
    Activate = 5,
}

impl EntryKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Blank,
        Self::Membership,
        Self::Append,
        Self::Seal,
        Self::Activate,
    ];
}

/// Where Raft put an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The leader's term.
    pub term: u64,
    /// The leader.
    pub leader: u64,
    /// Index in the log.
    pub index: u64,
}

/// The header of a log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is.
    pub kind: EntryKind,
    /// Whether the payload's records are sealed.
    pub encrypted: bool,
    /// The shard's phase once this entry is applied.
    pub phase: ShardPhase,
    /// Where Raft put it.
    pub position: Position,
    /// The shard's next ordinal before this entry: its first record's, when it has records.
    pub first_ordinal: u64,
    /// Arrival of its records; never earlier than the entry's before.
    pub time: Timestamp,
    /// The epoch of the shard's last seal or activation, once this entry is applied.
    pub epoch: u64,
    /// Records inside.
    pub record_count: u32,
    /// Bytes after the header.
    pub payload_len: u32,
    /// Checksum of those bytes.
    pub(super) payload_crc: u32,
}

impl Envelope {
    /// The shard's next ordinal after this entry.
    pub fn next_ordinal(&self) -> u64 {
        self.first_ordinal
            .saturating_add(u64::from(self.record_count))
    }

    /// The header's bytes for the log of `shard`.
    pub(super) fn encode(&self, shard: ShardUid) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let flags = if self.encrypted { ENCRYPTED } else { 0 };
        bytes[..4].copy_from_slice(&[FORMAT, self.kind as u8, flags, self.phase.code()]);
        bytes[8..12].copy_from_slice(&self.payload_crc.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.payload_len.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.position.term.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.position.leader.to_be_bytes());
        bytes[32..40].copy_from_slice(&self.position.index.to_be_bytes());
        bytes[40..48].copy_from_slice(&self.first_ordinal.to_be_bytes());
        bytes[48..56].copy_from_slice(&self.time.as_millis().to_be_bytes());
        bytes[56..64].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[64..68].copy_from_slice(&self.record_count.to_be_bytes());
        let crc = header_crc(shard, &bytes);
        bytes[4..8].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// The header that stands at the beginning of `bytes`, found under `key`. Does not look at the payload.
    pub fn decode(key: LogKey, bytes: &[u8]) -> Result<Self, EntryError> {
        Self::parse(key, bytes).map_err(|fault| EntryError::new(key, fault))
    }

    fn parse(key: LogKey, bytes: &[u8]) -> Result<Self, EntryFault> {
        let short = EntryFault::Length {
            found: bytes.len(),
            expected: HEADER_LEN,
        };
        let bytes: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(short)?;
        if bytes[0] != FORMAT {
            return Err(EntryFault::Format(bytes[0]));
        }
        let (found, expected) = (header_crc(key.shard, bytes), u32_at(bytes, 4));
        if found != expected {
            return Err(EntryFault::Checksum {
                part: "header",
                found,
                expected,
            });
        }
        let position = Position {
            term: u64_at(bytes, 16),
            leader: u64_at(bytes, 24),
            index: u64_at(bytes, 32),
        };
        if position.index != key.index {
            return Err(EntryFault::Misplaced(position.index));
        }
        known("flags", bytes[2] & !ENCRYPTED == 0, u64::from(bytes[2]))?;
        known(
            "reserved field",
            u32_at(bytes, 68) == 0,
            u64::from(u32_at(bytes, 68)),
        )?;
        Ok(Self {
            kind: kind_of(bytes[1])?,
            encrypted: bytes[2] & ENCRYPTED != 0,
            phase: phase_of(bytes[3])?,
            position,
            first_ordinal: u64_at(bytes, 40),
            time: Timestamp::from_millis(u64_at(bytes, 48)),
            epoch: u64_at(bytes, 56),
            record_count: u32_at(bytes, 64),
            payload_len: u32_at(bytes, 12),
            payload_crc: u32_at(bytes, 8),
        })
    }
}

/// A whole log entry, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    key: LogKey,
    envelope: Envelope,
    payload: Bytes,
}

impl Entry {
    /// The entry that `bytes` are, found under `key`: both checksums are verified.
    pub fn decode(key: LogKey, bytes: &Bytes) -> Result<Self, EntryError> {
        let envelope = Envelope::decode(key, bytes)?;
        Self::checked(key, envelope, bytes.slice(HEADER_LEN..))
    }

    fn checked(key: LogKey, envelope: Envelope, payload: Bytes) -> Result<Self, EntryError> {
        let fail = |fault| Err(EntryError::new(key, fault));
        if payload.len() != envelope.payload_len as usize {
            return fail(EntryFault::Length {
                found: payload.len(),
                expected: envelope.payload_len as usize,
            });
        }
        let found = crc32c::crc32c(&payload);
        if found != envelope.payload_crc {
            return fail(EntryFault::Checksum {
                part: "payload",
                found,
                expected: envelope.payload_crc,
            });
        }
        Ok(Self {
            key,
            envelope,
            payload,
        })
    }

    /// An entry that this process has just written itself: nothing to check.
    pub(super) fn trusted(key: LogKey, envelope: Envelope, payload: Bytes) -> Self {
        Self {
            key,
            envelope,
            payload,
        }
    }

    /// The entry whose header and payload came apart on their way, to lie under `key`: both checksums are verified.
    pub fn from_parts(key: LogKey, header: &[u8], payload: Bytes) -> Result<Self, EntryError> {
        let envelope = Envelope::decode(key, header)?;
        Self::checked(key, envelope, payload)
    }

    /// This entry, its payload a slice of `bytes`: header and payload as they go into the log.
    ///
    /// # Panics
    ///
    /// Where `bytes` are shorter than this entry: they are not its bytes.
    #[must_use]
    pub fn with_bytes(self, bytes: &Bytes) -> Self {
        let payload = bytes.slice(HEADER_LEN..HEADER_LEN + self.payload.len());
        Self { payload, ..self }
    }

    /// Its header's bytes, as they lie in the log.
    pub fn header(&self) -> [u8; HEADER_LEN] {
        self.envelope.encode(self.key.shard)
    }

    /// Where it lies.
    pub fn key(&self) -> LogKey {
        self.key
    }

    /// Its header.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The bytes after the header.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }
}

fn header_crc(shard: ShardUid, bytes: &[u8; HEADER_LEN]) -> u32 {
    let mut covered = [0; 16 + HEADER_LEN];
    covered[..16].copy_from_slice(&shard.to_bytes());
    covered[16..].copy_from_slice(bytes);
    // The checksum's own place counts as zero.
    covered[20..24].fill(0);
    crc32c::crc32c(&covered)
}

fn u32_at(bytes: &[u8; HEADER_LEN], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8; HEADER_LEN], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn known(field: &'static str, is_known: bool, value: u64) -> Result<(), EntryFault> {
    if is_known {
        Ok(())
    } else {
        Err(EntryFault::Unknown { field, value })
    }
}

fn kind_of(number: u8) -> Result<EntryKind, EntryFault> {
    let found = EntryKind::ALL
        .into_iter()
        .find(|kind| *kind as u8 == number);
    found.ok_or(EntryFault::Unknown {
        field: "kind",
        value: number.into(),
    })
}

fn phase_of(code: u8) -> Result<ShardPhase, EntryFault> {
    ShardPhase::from_code(code).ok_or(EntryFault::Unknown {
        field: "phase",
        value: code.into(),
    })
}
