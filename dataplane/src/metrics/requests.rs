//! Requests by API action: how many, how they ended, how long they took.

use std::time::Duration;

use anabranch_wire::Action;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};

use super::LATENCY_BUCKETS_SECONDS;

/// What the gateway counts of every request.
#[derive(Debug, Clone)]
pub struct RequestMetrics {
    requests: IntCounterVec,
    seconds: HistogramVec,
    /// `SubscribeToShard` streams that are open now.
    pub subscriptions: IntGauge,
}

impl RequestMetrics {
    /// Creates and registers the metrics.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            requests: IntCounterVec::new(
                Opts::new(
                    "anabranch_gateway_requests_total",
                    "API requests by action and outcome (`ok` or the AWS error type)",
                ),
                &["action", "outcome"],
            )?,
            seconds: HistogramVec::new(
                HistogramOpts::new(
                    "anabranch_gateway_request_seconds",
                    "Time from a request's body to its answer, by action (CloudWatch: <Action>.Latency)",
                )
                .buckets(LATENCY_BUCKETS_SECONDS.to_vec()),
                &["action"],
            )?,
            subscriptions: IntGauge::new(
                "anabranch_gateway_subscriptions",
                "SubscribeToShard streams that are open now",
            )?,
        };
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.subscriptions.clone()))?;
        Ok(metrics)
    }

    /// Counts one answered request. `action` is `None` for a request that never got as far as naming one.
    pub fn observe(&self, action: Option<Action>, outcome: &'static str, took: Duration) {
        let action = action.map_or("unknown", Action::name);
        self.requests.with_label_values(&[action, outcome]).inc();
        self.seconds
            .with_label_values(&[action])
            .observe(took.as_secs_f64());
    }
}
