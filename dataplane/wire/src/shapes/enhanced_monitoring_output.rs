//! The metrics of each shard, before and after.

use crate::structure::structure;

structure! {
    /// The metrics of each shard, before and after.
    EnhancedMonitoringOutput {
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME,
        /// The metrics before the change.
        current_shard_level_metrics: Option<Vec<String>> = "CurrentShardLevelMetrics": METRICS_NAME_LIST,
        /// The metrics after the change.
        desired_shard_level_metrics: Option<Vec<String>> = "DesiredShardLevelMetrics": METRICS_NAME_LIST,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
    }
}
