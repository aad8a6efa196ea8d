//! The metrics that each shard of a stream reports.

use crate::structure::structure;

structure! {
    /// The metrics that each shard of a stream reports.
    EnhancedMetrics {
        /// Names of metrics, or `ALL`.
        shard_level_metrics: Option<Vec<String>> = "ShardLevelMetrics": METRICS_NAME_LIST,
    }
}
