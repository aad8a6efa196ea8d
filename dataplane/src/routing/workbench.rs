//! The bookkeeping of one put over several attempts: which records are still pending, and what became of the others.
//!
//! Owns the order of the answer: outcomes stand where their records stood in the request, whatever shards and attempts
//! they went through. Pure; knows neither shards nor time. Invariant: a record gets exactly one outcome.

use std::sync::Arc;

use anabranch_domain::{HashKey, SequenceNumber, ShardId};
use anabranch_store::entry::RecordKey;
use anabranch_wire::Text;
use bytes::Bytes;

/// A record on its way to a shard.
#[derive(Debug, Clone)]
pub struct PutRecord {
    /// Decides the shard: MD5 of the partition key, or what the producer chose.
    pub hash_key: HashKey,
    /// As the producer gave it; consumers get it back.
    pub partition_key: Option<Text>,
    /// The producer's own choice of a hash key.
    pub explicit_hash_key: Option<HashKey>,
    /// The blob.
    pub data: Bytes,
}

impl PutRecord {
    /// What the record counts against every limit: its data and its partition key, in bytes.
    pub fn counted_bytes(&self) -> usize {
        self.data.len() + self.partition_key.as_ref().map_or(0, |key| key.len())
    }
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Durable, in this shard under this number.
    Stored {
        /// The shard.
        shard: ShardId,
        /// Its number.
        number: SequenceNumber,
    },
    /// Refused by the shard's write limit.
    Throttled {
        /// The shard.
        shard: ShardId,
    },
    /// Not written, for a reason of ours that a retry may cure.
    Failed,
}

/// The records of one put.
#[derive(Debug)]
pub struct Workbench {
    records: Vec<PutRecord>,
    /// Seals them at rest, if their stream is encrypted.
    sealing: Option<Arc<RecordKey>>,
    outcomes: Vec<Option<Outcome>>,
    pending: Vec<usize>,
}

impl Workbench {
    /// Every record is pending.
    pub fn new(records: Vec<PutRecord>, sealing: Option<Arc<RecordKey>>) -> Self {
        Self {
            sealing,
            outcomes: vec![None; records.len()],
            pending: (0..records.len()).collect(),
            records,
        }
    }

    /// Takes the pending records out, by their places in the request; each must be settled or put back.
    pub fn take_pending(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.pending)
    }

    /// The key that seals the records at rest.
    pub fn sealing(&self) -> Option<Arc<RecordKey>> {
        self.sealing.clone()
    }

    /// The record at `place`.
    pub fn record(&self, place: usize) -> &PutRecord {
        &self.records[place]
    }

    /// Gives the record at `place` its outcome.
    pub fn settle(&mut self, place: usize, outcome: Outcome) {
        let former = self.outcomes[place].replace(outcome);
        assert!(former.is_none(), "a record is settled once");
    }

    /// The records at `places` wait for another attempt.
    pub fn put_back(&mut self, places: impl IntoIterator<Item = usize>) {
        self.pending.extend(places);
        // A later attempt must keep the request's order inside a shard.
        self.pending.sort_unstable();
    }

    /// Whether every record has its outcome.
    pub fn is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// The outcomes in the request's order; what is still pending has failed.
    pub fn finish(self) -> Vec<Outcome> {
        self.outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or(Outcome::Failed))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: usize) -> Vec<PutRecord> {
        vec![
            PutRecord {
                hash_key: HashKey::MIN,
                partition_key: Some(Text::from_static("k")),
                explicit_hash_key: None,
                data: Bytes::from_static(b"data"),
            };
            count
        ]
    }

    fn throttled() -> Outcome {
        Outcome::Throttled {
            shard: ShardId::FIRST,
        }
    }

    #[test]
    fn outcomes_stand_where_their_records_stood() {
        let mut bench = Workbench::new(records(3), None);
        assert_eq!(bench.take_pending(), [0, 1, 2]);
        bench.settle(1, throttled());
        bench.put_back([2, 0]);
        assert!(!bench.is_done());
        assert_eq!(bench.take_pending(), [0, 2], "in the request's order");
        bench.settle(2, Outcome::Failed);
        bench.settle(0, throttled());
        assert_eq!(bench.finish(), [throttled(), throttled(), Outcome::Failed]);
    }

    #[test]
    fn a_record_that_never_got_through_has_failed() {
        let bench = Workbench::new(records(1), None);
        assert_eq!(bench.finish(), [Outcome::Failed]);
    }

    #[test]
    fn key_and_data_count() {
        assert_eq!(records(1)[0].counted_bytes(), 5);
    }
}
