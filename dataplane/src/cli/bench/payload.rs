//! Data that no compression makes smaller, the same in every run.

use anabranch_wire::shapes::PutRecordsRequestEntry;
use anabranch_wire::{Blob, Text};
use bytes::Bytes;

/// A source of records.
#[derive(Debug)]
pub(super) struct Payload {
    state: u64,
    record_bytes: usize,
}

impl Payload {
    /// The records of one worker; another seed gives other records.
    pub(super) fn new(seed: usize, record_bytes: u64) -> Self {
        // Any odd factor spreads small seeds; the state of the generator must not be zero.
        let state = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self {
            state,
            record_bytes: usize::try_from(record_bytes).unwrap_or(usize::MAX),
        }
    }

    /// The next record, with a partition key of its own.
    pub(super) fn record(&mut self) -> PutRecordsRequestEntry {
        PutRecordsRequestEntry {
            partition_key: Some(self.key()),
            explicit_hash_key: None,
            data: Blob(self.data()),
        }
    }

    pub(super) fn key(&mut self) -> Text {
        Text::from(format!("{:016x}", self.next()))
    }

    pub(super) fn data(&mut self) -> Bytes {
        let mut data = Vec::with_capacity(self.record_bytes + 8);
        while data.len() < self.record_bytes {
            data.extend_from_slice(&self.next().to_le_bytes());
        }
        data.truncate(self.record_bytes);
        Bytes::from(data)
    }

    /// Marsaglia's xorshift64* generator.
    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_size_asked_for_and_differ() {
        let mut payload = Payload::new(0, 1001);
        let (first, second) = (payload.record(), payload.record());
        assert_eq!((first.data.len(), second.data.len()), (1001, 1001));
        assert_ne!(first, second);
        assert_eq!(Payload::new(0, 1001).record(), first);
        assert_ne!(Payload::new(1, 1001).record(), first);
    }
}
