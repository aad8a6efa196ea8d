//! Writes records straight into the buffer that becomes the log entry: one copy from the request to the log.
//!
//! ```text
//! payload  = records_len u32 ‖ [key fingerprint 16 ‖ salt 16] ‖ records (records_len, with the tag 16 when sealed) ‖ tokens
//! record   = key_len u16 ‖ flags u8 ‖ data_len u32 ‖ [explicit hash key 16] ‖ partition key ‖ data
//! token    = token 16 ‖ first record u32
//! ```
//!
//! The tokens stand behind the records, because they are complete only then, and unsealed, because a replica must know
//! them without having the key. A `key_len` of zero says that the record came without a partition key.

use std::sync::Arc;

use anabranch_domain::{
    HashKey, ShardUid,
    shard_state::{AppendToken, TokenOfAppend},
};
use bytes::{BufMut, BytesMut};

use super::{
    Draft, EntryKind, HEADER_LEN, RecordKey, Standing,
    encryption::{KeyFingerprint, SALT_LEN, TAG_LEN, associated_data, random_salt},
};

pub(super) const RECORDS_LEN: usize = 4;
pub(super) const SEALING_LEN: usize = KeyFingerprint::LEN + SALT_LEN;
pub(super) const RECORD_HEADER_LEN: usize = 7;
pub(super) const EXPLICIT_HASH_KEY: u8 = 1;
pub(super) const TOKEN_LEN: usize = 20;

/// Payloads are never longer: it bounds every buffer that a damaged length could ask for.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A record on its way in.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// Partition key; none only where records are distributed automatically.
    pub partition_key: Option<&'a str>,
    /// The hash key that the caller chose, if it did.
    pub explicit_hash_key: Option<HashKey>,
    /// The blob.
    pub data: &'a [u8],
}

impl NewRecord<'_> {
    /// Bytes that it takes in a batch.
    pub fn stored_len(&self) -> usize {
        let explicit = if self.explicit_hash_key.is_some() {
            16
        } else {
            0
        };
        RECORD_HEADER_LEN + explicit + self.partition_key.map_or(0, str::len) + self.data.len()
    }
}

/// The record does not fit: finish the batch and begin another. Nothing was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record does not fit into this batch")]
pub struct BatchFull;

/// A batch in the making.
#[derive(Debug)]
pub struct BatchBuilder {
    buffer: BytesMut,
    record_count: u32,
    tokens: Vec<TokenOfAppend>,
    sealing: Option<Arc<RecordKey>>,
}

impl BatchBuilder {
    /// A batch of unencrypted records with room for `records_bytes` ([`NewRecord::stored_len`]) before it must grow.
    pub fn plain(records_bytes: usize) -> Self {
        Self::new(records_bytes, None)
    }

    /// A batch whose records will be sealed with `key`.
    pub fn sealed(records_bytes: usize, key: Arc<RecordKey>) -> Self {
        Self::new(records_bytes, Some(key))
    }

    fn new(records_bytes: usize, sealing: Option<Arc<RecordKey>>) -> Self {
        let front = HEADER_LEN + RECORDS_LEN + if sealing.is_some() { SEALING_LEN } else { 0 };
        // Room for a few tokens: growing would copy every record once more.
        let mut buffer = BytesMut::with_capacity(front + records_bytes + TAG_LEN + 16 * TOKEN_LEN);
        buffer.resize(front, 0);
        Self {
            buffer,
            record_count: 0,
            tokens: Vec::new(),
            sealing,
        }
    }

    /// Adds a record.
    pub fn push(&mut self, record: NewRecord<'_>) -> Result<(), BatchFull> {
        let key = record.partition_key.unwrap_or_default();
        let key_len = u16::try_from(key.len()).map_err(|_| BatchFull)?;
        let data_len = u32::try_from(record.data.len()).map_err(|_| BatchFull)?;
        if self.payload_len() + record.stored_len() > PAYLOAD_BYTES_MAX {
            return Err(BatchFull);
        }
        let flags = if record.explicit_hash_key.is_some() {
            EXPLICIT_HASH_KEY
        } else {
            0
        };
        self.buffer.put_u16(key_len);
        self.buffer.put_u8(flags);
        self.buffer.put_u32(data_len);
        if let Some(explicit) = record.explicit_hash_key {
            self.buffer.put_u128(explicit.value());
        }
        self.buffer.put_slice(key.as_bytes());
        self.buffer.put_slice(record.data);
        self.record_count += 1;
        Ok(())
    }

    /// Says that the next record is the first of the append with `token`.
    pub fn begin_append(&mut self, token: AppendToken) {
        self.tokens.push(TokenOfAppend {
            token,
            first_record: self.record_count,
        });
    }

    /// Records so far.
    pub fn record_count(&self) -> u32 {
        self.record_count
    }

    /// Bytes that the entry will take in the log, about.
    pub fn len(&self) -> usize {
        HEADER_LEN + self.payload_len()
    }

    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    fn payload_len(&self) -> usize {
        self.buffer.len() - HEADER_LEN + TAG_LEN + self.tokens.len() * TOKEN_LEN
    }

    /// The finished entry of `shard`, without its place in the log.
    pub fn finish(mut self, shard: ShardUid, standing: Standing) -> Draft {
        let sealing = self.sealing.take();
        if let Some(key) = &sealing {
            self.seal_records(key, shard, standing);
        }
        let front = RECORDS_LEN + if sealing.is_some() { SEALING_LEN } else { 0 };
        let records_len =
            u32::try_from(self.buffer.len() - HEADER_LEN - front).expect("payloads are bounded");
        self.buffer[HEADER_LEN..HEADER_LEN + RECORDS_LEN]
            .copy_from_slice(&records_len.to_be_bytes());
        for append in &self.tokens {
            self.buffer.put_u128(append.token.to_bits());
            self.buffer.put_u32(append.first_record);
        }
        Draft::new(
            self.buffer,
            EntryKind::Append,
            standing,
            self.record_count,
            sealing.is_some(),
        )
    }

    fn seal_records(&mut self, key: &RecordKey, shard: ShardUid, standing: Standing) {
        let salt = random_salt();
        let aad = associated_data(
            shard,
            standing.first_ordinal,
            standing.time.as_millis(),
            self.record_count,
        );
        let sealing = &mut self.buffer[HEADER_LEN + RECORDS_LEN..];
        let (front, records) = sealing.split_at_mut(SEALING_LEN);
        front[..KeyFingerprint::LEN].copy_from_slice(&key.fingerprint().to_bytes());
        front[KeyFingerprint::LEN..].copy_from_slice(&salt);
        let tag = key.seal(&salt, &aad, records);
        self.buffer.put_slice(tag.as_ref());
    }
}
