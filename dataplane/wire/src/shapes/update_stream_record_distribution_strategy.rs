//! `UpdateStreamRecordDistributionStrategy`: changes how records find their shard.

use crate::structure::structure;

structure! {
    /// Changes how records find their shard.
    UpdateStreamRecordDistributionStrategyInput {
        /// The ARN of the stream.
        stream_arn: String = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// By partition key, or as the service likes (`AUTO`).
        record_distribution_strategy: String = "RecordDistributionStrategy": RECORD_DISTRIBUTION_STRATEGY,
    }
}
