//! `DescribeStream`: describes a stream with its shards.

use crate::shapes::{EnhancedMetrics, Shard, StreamModeDetails};
use crate::structure::structure;
use crate::timestamp::Timestamp;

structure! {
    /// Describes a stream with its shards.
    DescribeStreamInput {
        /// The most to be returned.
        limit: Option<i32> = "Limit": DESCRIBE_STREAM_INPUT_LIMIT,
        /// Starts after this shard.
        exclusive_start_shard_id: Option<String> = "ExclusiveStartShardId": SHARD_ID,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}

structure! {
    /// What `DescribeStream` answers.
    DescribeStreamOutput {
        /// The stream and a page of its shards.
        stream_description: StreamDescription = "StreamDescription": STREAM_DESCRIPTION,
    }
}

structure! {
    /// A stream and a page of its shards.
    StreamDescription {
        /// The name of the stream.
        stream_name: String = "StreamName": STREAM_NAME,
        /// The ARN of the stream.
        stream_arn: String = "StreamARN": STREAM_ARN,
        /// `CREATING`, `ACTIVE`, `UPDATING` or `DELETING`.
        stream_status: String = "StreamStatus": STREAM_STATUS,
        /// On-demand or provisioned.
        stream_mode_details: Option<StreamModeDetails> = "StreamModeDetails": STREAM_MODE_DETAILS,
        /// The shards.
        shards: Vec<Shard> = "Shards": SHARD_LIST,
        /// Whether there are more shards.
        has_more_shards: bool = "HasMoreShards": BOOLEAN_OBJECT,
        /// How long records are kept, in hours.
        retention_period_hours: i32 = "RetentionPeriodHours": RETENTION_PERIOD_HOURS,
        /// When the stream was created.
        stream_creation_timestamp: Timestamp = "StreamCreationTimestamp": TIMESTAMP,
        /// The metrics that each shard reports.
        enhanced_monitoring: Vec<EnhancedMetrics> = "EnhancedMonitoring": ENHANCED_MONITORING_LIST,
        /// `NONE` or `KMS`.
        encryption_type: Option<String> = "EncryptionType": ENCRYPTION_TYPE,
        /// The key that encrypts the records.
        key_id: Option<String> = "KeyId": KEY_ID,
    }
}
