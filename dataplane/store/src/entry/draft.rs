//! An entry that knows its contents and not yet its place. Placing it fills in the header that was reserved in front.

use anabranch_domain::{ShardPhase, ShardUid, Timestamp};
use bytes::{Bytes, BytesMut};

use super::{Activate, Entry, EntryKind, Envelope, HEADER_LEN, Position, Seal};
use crate::keys::LogKey;

/// Where an entry stands in its shard's history: what the header says besides Raft's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The shard's next ordinal before this entry.
    pub first_ordinal: u64,
    /// Its time; the caller sees to it that times never go back.
    pub time: Timestamp,
    /// The shard's phase once it is applied.
    pub phase: ShardPhase,
    /// The epoch of the shard's last seal or activation, once it is applied.
    pub epoch: u64,
}

/// Contents of an entry, with the header's space in front and the payload's checksum done.
#[derive(Debug)]
pub struct Draft {
    buffer: BytesMut,
    envelope: Envelope,
}

impl Draft {
    /// A leader's empty entry.
    pub fn blank(standing: Standing) -> Self {
        Self::control(EntryKind::Blank, standing, &[])
    }

    /// A membership in Raft's own bytes.
    pub fn membership(standing: Standing, membership: &[u8]) -> Self {
        Self::control(EntryKind::Membership, standing, membership)
    }

    /// The shard's end.
    pub fn seal(standing: Standing, seal: &Seal) -> Self {
        Self::control(EntryKind::Seal, standing, &seal.encode())
    }

    /// The shard's beginning.
    pub fn activate(standing: Standing, activate: Activate) -> Self {
        Self::control(EntryKind::Activate, standing, &activate.encode())
    }

    fn control(kind: EntryKind, standing: Standing, payload: &[u8]) -> Self {
        let mut buffer = BytesMut::with_capacity(HEADER_LEN + payload.len());
        buffer.resize(HEADER_LEN, 0);
        buffer.extend_from_slice(payload);
        Self::new(buffer, kind, standing, 0, false)
    }

    /// `buffer` holds [`HEADER_LEN`] reserved bytes and the payload.
    pub(super) fn new(
        buffer: BytesMut,
        kind: EntryKind,
        standing: Standing,
        record_count: u32,
        encrypted: bool,
    ) -> Self {
        let payload = &buffer[HEADER_LEN..];
        let envelope = Envelope {
            kind,
            encrypted,
            phase: standing.phase,
            position: Position::default(),
            first_ordinal: standing.first_ordinal,
            time: standing.time,
            epoch: standing.epoch,
            record_count,
            payload_len: u32::try_from(payload.len())
                .expect("payloads are bounded far below 4 GiB"),
            payload_crc: crc32c::crc32c(payload),
        };
        Self { buffer, envelope }
    }

    /// Its header; the position is not known yet.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Bytes that it will take in the log.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Never: there is always a header.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The entry's bytes at `position` in the log of `shard`. The payload is neither copied nor read.
    pub fn place(self, shard: ShardUid, position: Position) -> Bytes {
        self.place_as_entry(shard, position).1
    }

    /// The entry at `position` in the log of `shard`, and its bytes, which it shares: what reads it need not decode it.
    pub fn place_as_entry(mut self, shard: ShardUid, position: Position) -> (Entry, Bytes) {
        let envelope = Envelope {
            position,
            ..self.envelope
        };
        self.buffer[..HEADER_LEN].copy_from_slice(&envelope.encode(shard));
        let bytes = self.buffer.freeze();
        let key = LogKey::new(shard, position.index);
        let entry = Entry::trusted(key, envelope, bytes.slice(HEADER_LEN..));
        (entry, bytes)
    }
}
