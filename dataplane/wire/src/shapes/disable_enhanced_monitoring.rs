//! `DisableEnhancedMonitoring`: turns metrics of each shard off.

use crate::structure::structure;

structure! {
    /// Turns metrics of each shard off.
    DisableEnhancedMonitoringInput {
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// Names of metrics, or `ALL`.
        shard_level_metrics: Vec<String> = "ShardLevelMetrics": METRICS_NAME_LIST,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
