//! What the node counts, with the CloudWatch meaning of every stream and shard metric, under Prometheus names.
//!
//! Owns one typed struct a component; each registers itself, there are no globals. Label values come from closed sets
//! (action and error names) or from the catalog (streams, shards), so their number is bounded; a stream or shard that
//! is gone takes its series along.
//! Source: <https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html>

mod connections;
mod requests;
mod shards;
mod store;
mod streams;

use prometheus::Registry;

pub use connections::ConnectionMetrics;
pub use requests::RequestMetrics;
pub use shards::{Role, ShardCounters, ShardMetrics};
pub use store::StoreMetrics;
pub use streams::{StreamCounters, StreamMetrics};

/// Latency buckets in seconds, from a cached read to an SDK's time-out.
pub(crate) const LATENCY_BUCKETS_SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 1.0, 5.0,
    30.0,
];

/// Every metric of what answers the API. Those by shard are [`ShardMetrics`], kept where the shard is served.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// By API action.
    pub requests: RequestMetrics,
    /// By stream: CloudWatch's basic metrics.
    pub streams: StreamMetrics,
}

impl Metrics {
    /// Creates and registers all of them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            requests: RequestMetrics::register(registry)?,
            streams: StreamMetrics::register(registry)?,
        })
    }
}
