//! `GetRecords`: reads records of a shard.

use crate::blob::Blob;
use crate::codec::Codec;
use crate::shapes::ChildShard;
use crate::structure::structure;
use crate::text::Text;
use crate::timestamp::Timestamp;

structure! {
    /// Reads records of a shard.
    GetRecordsInput {
        /// The most to be returned.
        limit: Option<i32> = "Limit": GET_RECORDS_INPUT_LIMIT,
        /// Where to read from.
        shard_iterator: String = "ShardIterator": SHARD_ITERATOR,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// Checks everything and does nothing.
        dry_run: Option<bool> = "DryRun": BOOLEAN_OBJECT,
    }
}

structure! {
    /// What `GetRecords` answers.
    GetRecordsOutput {
        /// The records.
        records: Vec<Record> = "Records": RECORD_LIST,
        /// Where to read on; none at the end of a closed shard.
        next_shard_iterator: Option<String> = "NextShardIterator": SHARD_ITERATOR,
        /// How far the reader is behind the tip, in milliseconds.
        millis_behind_latest: Option<i64> = "MillisBehindLatest": MILLIS_BEHIND_LATEST,
        /// The shards that follow, at the end of a closed one.
        child_shards: Option<Vec<ChildShard>> = "ChildShards": CHILD_SHARD_LIST,
    }
}

structure! {
    /// A record as it is read.
    Record {
        /// The sequence number.
        sequence_number: Text = "SequenceNumber": SEQUENCE_NUMBER,
        /// When the record was accepted.
        approximate_arrival_timestamp: Option<Timestamp> = "ApproximateArrivalTimestamp": TIMESTAMP,
        /// The record's bytes.
        data: Blob = "Data": DATA,
        /// Decides the shard, by its MD5.
        partition_key: Option<Text> = "PartitionKey": PARTITION_KEY,
        /// `NONE` or `KMS`.
        encryption_type: Option<Text> = "EncryptionType": ENCRYPTION_TYPE,
    }
}

impl GetRecordsOutput {
    /// About how many bytes this takes on the wire, never much too few: see [`encode_sized`](crate::encode_sized).
    pub fn encoded_bytes(&self, codec: Codec) -> usize {
        let records: usize = self
            .records
            .iter()
            .map(|record| record.encoded_bytes(codec))
            .sum();
        records + ENVELOPE_BYTES
    }
}

/// What an answer of records holds beside them: names, an iterator and a number.
pub(super) const ENVELOPE_BYTES: usize = 1024;

/// What a record holds beside its data and its key: names, punctuation, a sequence number and a time.
const RECORD_BYTES: usize = 192;

impl Record {
    /// About how many bytes this takes on the wire.
    pub(super) fn encoded_bytes(&self, codec: Codec) -> usize {
        let data = match codec {
            Codec::Json => self.data.len().div_ceil(3) * 4,
            Codec::Cbor => self.data.len(),
        };
        data + self.partition_key.as_ref().map_or(0, |key| key.len()) + RECORD_BYTES
    }
}
