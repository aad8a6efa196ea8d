//! `PutRecord`: writes one record.

use crate::blob::Blob;
use crate::structure::structure;
use crate::text::Text;

structure! {
    /// Writes one record.
    PutRecordInput {
        /// The record's number becomes greater than this one.
        sequence_number_for_ordering: Option<Text> = "SequenceNumberForOrdering": SEQUENCE_NUMBER,
        /// Decides the shard, by its MD5.
        partition_key: Option<Text> = "PartitionKey": PARTITION_KEY unless "StreamName" | "StreamARN",
        /// Decides the shard instead of the partition key's MD5.
        explicit_hash_key: Option<Text> = "ExplicitHashKey": HASH_KEY,
        /// The record's bytes.
        data: Blob = "Data": DATA,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// Checks everything and does nothing.
        dry_run: Option<bool> = "DryRun": BOOLEAN_OBJECT,
    }
}

structure! {
    /// What `PutRecord` answers.
    PutRecordOutput {
        /// The shard.
        shard_id: Text = "ShardId": SHARD_ID,
        /// The sequence number.
        sequence_number: Text = "SequenceNumber": SEQUENCE_NUMBER,
        /// `NONE` or `KMS`.
        encryption_type: Option<Text> = "EncryptionType": ENCRYPTION_TYPE,
    }
}
