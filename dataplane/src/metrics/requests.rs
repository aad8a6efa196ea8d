//! Requests by API action: how many, how they ended, how long they took.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anabranch_wire::Action;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

use super::LATENCY_BUCKETS_SECONDS;

/// What the gateway counts of every request.
#[derive(Debug, Clone)]
pub struct RequestMetrics {
    requests: IntCounterVec,
    seconds: HistogramVec,
    /// By action: what nearly every request adds to, so that it is not looked up by name each time. Made when an action
    /// is first asked for: what nobody asks for has no series.
    usual: Arc<[OnceLock<Usual>]>,
    /// `SubscribeToShard` streams that are open now.
    pub subscriptions: IntGauge,
}

/// The series of one action's requests that end well.
#[derive(Debug)]
struct Usual {
    ok: IntCounter,
    seconds: Histogram,
}

/// The outcome of a request that was carried out.
const OK: &str = "ok";

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
            usual: Action::ALL.iter().map(|_| OnceLock::new()).collect(),
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
        let seconds = took.as_secs_f64();
        if let Some(action) = action
            && outcome == OK
        {
            let usual = self.usual(action);
            usual.ok.inc();
            usual.seconds.observe(seconds);
            return;
        }
        let action = action.map_or("unknown", Action::name);
        self.requests.with_label_values(&[action, outcome]).inc();
        self.seconds.with_label_values(&[action]).observe(seconds);
    }

    fn usual(&self, action: Action) -> &Usual {
        self.usual[action as usize].get_or_init(|| Usual {
            ok: self.requests.with_label_values(&[action.name(), OK]),
            seconds: self.seconds.with_label_values(&[action.name()]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_end_well_and_others_are_counted_by_action_and_outcome() {
        let metrics = RequestMetrics::register(&Registry::new()).expect("new");
        let took = Duration::from_millis(1);
        for outcome in ["ok", "ok", "ResourceNotFoundException"] {
            metrics.observe(Some(Action::PutRecord), outcome, took);
        }
        metrics.observe(None, "refused", took);
        let count = |action, outcome| metrics.requests.with_label_values(&[action, outcome]).get();
        assert_eq!(count("PutRecord", "ok"), 2);
        assert_eq!(count("PutRecord", "ResourceNotFoundException"), 1);
        assert_eq!(count("unknown", "refused"), 1);
        let seconds = metrics.seconds.with_label_values(&["PutRecord"]);
        assert_eq!(seconds.get_sample_count(), 3);
    }
}
