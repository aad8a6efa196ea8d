//! Reads the bytes of an iterator. They were sealed by us, so a refusal means another release or another key.

use thiserror::Error;

use super::{Position, ShardIterator, VERSION};
use crate::{SequenceNumber, ShardId, StreamUid, Timestamp};

/// Bytes that are no iterator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a shard iterator")]
pub struct InvalidIterator;

impl ShardIterator {
    /// What was encoded as these bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidIterator> {
        let mut fields = Fields(bytes);
        if fields.take()? != [VERSION] {
            return Err(InvalidIterator);
        }
        let issued_at = fields.timestamp()?;
        let stream_uid = StreamUid::from_bytes(fields.take()?);
        let shard =
            ShardId::new(u32::from_be_bytes(fields.take()?)).map_err(|_| InvalidIterator)?;
        let position = fields.position()?;
        let stream = std::str::from_utf8(fields.0)
            .ok()
            .and_then(|name| name.parse().ok())
            .ok_or(InvalidIterator)?;
        Ok(Self {
            stream,
            stream_uid,
            shard,
            position,
            issued_at,
        })
    }
}

/// What is left to read.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], InvalidIterator> {
        let (field, rest) = self.0.split_first_chunk().ok_or(InvalidIterator)?;
        self.0 = rest;
        Ok(*field)
    }

    fn number(&mut self) -> Result<u64, InvalidIterator> {
        self.take().map(u64::from_be_bytes)
    }

    fn timestamp(&mut self) -> Result<Timestamp, InvalidIterator> {
        self.number().map(Timestamp::from_millis)
    }

    fn sequence_number(&mut self) -> Result<SequenceNumber, InvalidIterator> {
        SequenceNumber::from_bytes(self.take()?).map_err(|_| InvalidIterator)
    }

    fn position(&mut self) -> Result<Position, InvalidIterator> {
        let [kind] = self.take()?;
        match kind {
            1 => self.sequence_number().map(Position::AtSequence),
            2 => self.sequence_number().map(Position::AfterSequence),
            3 => self.timestamp().map(Position::AtTimestamp),
            4 => Ok(Position::TrimHorizon),
            5 => Ok(Position::Latest {
                ordinal: self.number()?,
            }),
            6 => Ok(Position::Resume {
                log_index: self.number()?,
                ordinal: self.number()?,
            }),
            _ => Err(InvalidIterator),
        }
    }
}
