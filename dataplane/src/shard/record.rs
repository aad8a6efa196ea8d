//! Records on their way into a shard.

use anabranch_domain::{HashKey, shard_state::AppendToken};
use anabranch_store::entry::{NewRecord as BatchRecord, RecordKey};
use anabranch_wire::Text;
use bytes::Bytes;
use std::sync::Arc;

/// A record on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// Partition key; none only where records are distributed automatically.
    pub partition_key: Option<Text>,
    /// The hash key that the caller chose, if it did.
    pub explicit_hash_key: Option<HashKey>,
    /// The blob.
    pub data: Bytes,
}

impl NewRecord {
    /// What it counts against every limit: its data and its partition key, in bytes.
    pub fn counted_len(&self) -> usize {
        self.data.len() + self.partition_key.as_ref().map_or(0, |key| key.len())
    }

    /// As the log entry's builder takes it.
    pub(super) fn borrowed(&self) -> BatchRecord<'_> {
        BatchRecord {
            partition_key: self.partition_key.as_deref(),
            explicit_hash_key: self.explicit_hash_key,
            data: &self.data,
        }
    }
}

/// Records that are appended together: all of them or none, with consecutive ordinals.
#[derive(Clone, Debug, Default)]
pub struct Append {
    /// The records, in the order in which they are numbered. At least one.
    pub records: Vec<NewRecord>,
    /// Marks every attempt of this append, so that a second one is answered with the first one's numbers.
    pub token: Option<AppendToken>,
    /// The key that seals them at rest, if the stream is encrypted.
    pub sealing: Option<Arc<RecordKey>>,
}

impl Append {
    /// Bytes that the records take in the log.
    pub(super) fn stored_len(&self) -> usize {
        self.records
            .iter()
            .map(|record| record.borrowed().stored_len())
            .sum()
    }
}
