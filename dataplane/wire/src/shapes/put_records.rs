//! `PutRecords`: writes up to 500 records.

use crate::blob::Blob;
use crate::structure::structure;
use crate::text::Text;

structure! {
    /// Writes up to 500 records.
    PutRecordsInput {
        /// The records, 1 to 500.
        records: Vec<PutRecordsRequestEntry> = "Records": PUT_RECORDS_REQUEST_ENTRY_LIST,
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
    /// What `PutRecords` answers.
    PutRecordsOutput {
        /// How many records were refused.
        failed_record_count: Option<i32> = "FailedRecordCount": POSITIVE_INTEGER_OBJECT,
        /// One result a record, in the request's order.
        records: Vec<PutRecordsResultEntry> = "Records": PUT_RECORDS_RESULT_ENTRY_LIST,
        /// `NONE` or `KMS`.
        encryption_type: Option<Text> = "EncryptionType": ENCRYPTION_TYPE,
    }
}

structure! {
    /// One record to be written.
    PutRecordsRequestEntry {
        /// Decides the shard, by its MD5.
        partition_key: Option<Text> = "PartitionKey": PARTITION_KEY,
        /// Decides the shard instead of the partition key's MD5.
        explicit_hash_key: Option<Text> = "ExplicitHashKey": HASH_KEY,
        /// The record's bytes.
        data: Blob = "Data": DATA,
    }
}

structure! {
    /// What became of one record: a place, or a reason.
    PutRecordsResultEntry {
        /// The sequence number.
        sequence_number: Option<Text> = "SequenceNumber": SEQUENCE_NUMBER,
        /// The shard.
        shard_id: Option<Text> = "ShardId": SHARD_ID,
        /// Why this record was refused.
        error_code: Option<Text> = "ErrorCode": ERROR_CODE,
        /// What is said about it.
        error_message: Option<Text> = "ErrorMessage": ERROR_MESSAGE,
    }
}
