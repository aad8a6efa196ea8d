//! `DescribeStreamSummary`: describes a stream without its shards.

use crate::shapes::{EnhancedMetrics, StreamModeDetails, WarmThroughputObject};
use crate::structure::structure;
use crate::timestamp::Timestamp;

structure! {
    /// Describes a stream without its shards.
    DescribeStreamSummaryInput {
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}

structure! {
    /// What `DescribeStreamSummary` answers.
    DescribeStreamSummaryOutput {
        /// The stream without its shards.
        stream_description_summary: StreamDescriptionSummary = "StreamDescriptionSummary": STREAM_DESCRIPTION_SUMMARY,
    }
}

structure! {
    /// A stream without its shards.
    StreamDescriptionSummary {
        /// The name of the stream.
        stream_name: String = "StreamName": STREAM_NAME,
        /// The ARN of the stream.
        stream_arn: String = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// `CREATING`, `ACTIVE`, `UPDATING` or `DELETING`.
        stream_status: String = "StreamStatus": STREAM_STATUS,
        /// On-demand or provisioned.
        stream_mode_details: Option<StreamModeDetails> = "StreamModeDetails": STREAM_MODE_DETAILS,
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
        /// The number of open shards.
        open_shard_count: i32 = "OpenShardCount": SHARD_COUNT_OBJECT,
        /// The number of consumers.
        consumer_count: Option<i32> = "ConsumerCount": CONSUMER_COUNT_OBJECT,
        /// The throughput that the stream is ready for.
        warm_throughput: Option<WarmThroughputObject> = "WarmThroughput": WARM_THROUGHPUT_OBJECT,
        /// The largest record, key included, in KiB.
        max_record_size_in_kib: Option<i32> = "MaxRecordSizeInKiB": MAX_RECORD_SIZE_IN_KIB,
        /// The number of channels.
        channel_count: Option<i32> = "ChannelCount": CHANNEL_COUNT_OBJECT,
        /// By partition key, or as the service likes (`AUTO`).
        record_distribution_strategy: Option<String> = "RecordDistributionStrategy": RECORD_DISTRIBUTION_STRATEGY,
        /// The number of queues.
        queue_count: Option<i32> = "QueueCount": QUEUE_COUNT_OBJECT,
    }
}
