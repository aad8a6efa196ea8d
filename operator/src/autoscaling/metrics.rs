//! What the autoscaler sees and does, as series of its own: for alerts and graphs, not for its decisions.

use std::collections::BTreeSet;

use anabranch_domain::autoscale::Plan;
use prometheus::{GaugeVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry};

/// One family a fact, labelled by stream; a stream that is gone, or is scaled no more, takes its series along.
#[derive(Debug, Clone)]
pub struct AutoscalingMetrics {
    load: GaugeVec,
    open: IntGaugeVec,
    wanted: IntGaugeVec,
    hot_keys: IntGaugeVec,
    limited: IntGaugeVec,
    reshards: IntCounterVec,
    /// Looks for which no Prometheus answered.
    pub(super) unanswered: IntCounter,
    known: std::sync::Arc<std::sync::Mutex<BTreeSet<String>>>,
}

impl AutoscalingMetrics {
    /// Creates and registers them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| {
            let family = IntGaugeVec::new(Opts::new(name, help), &["stream"])?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let load = GaugeVec::new(
            Opts::new(
                "anabranch_autoscaler_load_shards",
                "What is offered to the stream, in shards",
            ),
            &["stream"],
        )?;
        let reshards = IntCounterVec::new(
            Opts::new("anabranch_autoscaler_reshards_total", "Plans carried out"),
            &["stream"],
        )?;
        let unanswered = IntCounter::new(
            "anabranch_autoscaler_unanswered_total",
            "Looks for which no Prometheus answered",
        )?;
        registry.register(Box::new(load.clone()))?;
        registry.register(Box::new(reshards.clone()))?;
        registry.register(Box::new(unanswered.clone()))?;
        Ok(Self {
            load,
            reshards,
            unanswered,
            open: gauge("anabranch_autoscaler_open_shards", "Open shards")?,
            wanted: gauge(
                "anabranch_autoscaler_wanted_shards",
                "Open shards that the load asks for, whatever limits them",
            )?,
            hot_keys: gauge(
                "anabranch_autoscaler_hot_keys",
                "Partition keys that alone fill a shard",
            )?,
            limited: gauge(
                "anabranch_autoscaler_limited",
                "Whether a bound keeps the stream from the shards that it wants",
            )?,
            known: std::sync::Arc::default(),
        })
    }

    /// Shows what was decided for a stream.
    pub(super) fn show(&self, stream: &str, plan: &Plan) {
        let of = |family: &IntGaugeVec, value: i64| family.with_label_values(&[stream]).set(value);
        self.load.with_label_values(&[stream]).set(plan.load);
        of(&self.open, plan.open_shards.into());
        of(&self.wanted, plan.wanted_shards.into());
        of(
            &self.hot_keys,
            i64::try_from(plan.hot_keys.len()).unwrap_or(i64::MAX),
        );
        of(&self.limited, plan.limited_by.is_some().into());
        let mut known = self
            .known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        known.insert(stream.to_owned());
    }

    /// Counts a plan that was carried out.
    pub(super) fn resharded(&self, stream: &str) {
        self.reshards.with_label_values(&[stream]).inc();
    }

    /// Takes the series of other streams than these away.
    pub(super) fn keep(&self, streams: &BTreeSet<String>) {
        let mut known = self
            .known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for gone in known.difference(streams) {
            let labels = [gone.as_str()];
            let _ = self.load.remove_label_values(&labels);
            let _ = self.reshards.remove_label_values(&labels);
            for family in [&self.open, &self.wanted, &self.hot_keys, &self.limited] {
                let _ = family.remove_label_values(&labels);
            }
        }
        known.retain(|stream| streams.contains(stream));
    }
}
