//! What is counted, by namespace: the series of one that is let go of go with it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntGaugeVec, Opts, Registry};

use crate::autoscaling::AutoscalingMetrics;
use crate::pools::PoolMetrics;

/// The series of all namespaces, each labelled with its own.
#[derive(Clone)]
pub struct Metrics {
    namespaces: Arc<Mutex<BTreeMap<String, Registry>>>,
    leads: IntGaugeVec,
}

/// The series of one namespace, until dropped.
pub struct NamespaceMetrics {
    /// Looks at everything in it.
    pub rounds: IntCounter,
    /// The autoscaler's.
    pub autoscaling: AutoscalingMetrics,
    /// Of its pools.
    pub pools: PoolMetrics,
    namespace: String,
    all: Metrics,
}

impl Metrics {
    /// Registers them. The process is there for `own`, and has not begun.
    pub fn register(registry: &Registry, own: &str) -> Result<Self, prometheus::Error> {
        let leads = Opts::new(
            "anabranch_operator_leads",
            "Whether this one holds the Lease of the namespace",
        );
        let leads = IntGaugeVec::new(leads, &["namespace"])?;
        registry.register(Box::new(leads.clone()))?;
        leads.with_label_values(&[own]).set(0);
        let namespaces = Arc::default();
        let metrics = Self { namespaces, leads };
        registry.register(Box::new(metrics.clone()))?;
        Ok(metrics)
    }

    /// The series of a namespace that is looked after from now on.
    pub fn of(&self, namespace: &str) -> Result<NamespaceMetrics, prometheus::Error> {
        let label = ("namespace".to_owned(), namespace.to_owned());
        let registry = Registry::new_custom(None, Some(HashMap::from([label])))?;
        let rounds = IntCounter::new(
            "anabranch_operator_rounds_total",
            "Looks at all streams and pools",
        )?;
        registry.register(Box::new(rounds.clone()))?;
        let metrics = NamespaceMetrics {
            rounds,
            autoscaling: AutoscalingMetrics::register(&registry)?,
            pools: PoolMetrics::register(&registry)?,
            namespace: namespace.to_owned(),
            all: self.clone(),
        };
        let mut namespaces = self
            .namespaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        namespaces.insert(namespace.to_owned(), registry);
        self.leads.with_label_values(&[namespace]).set(1);
        Ok(metrics)
    }
}

impl Drop for NamespaceMetrics {
    fn drop(&mut self) {
        let namespaces = self.all.namespaces.lock();
        let mut namespaces = namespaces.unwrap_or_else(PoisonError::into_inner);
        namespaces.remove(&self.namespace);
        let _ = self.all.leads.remove_label_values(&[&self.namespace]);
    }
}

impl Collector for Metrics {
    /// None: which there are changes while the process runs.
    fn desc(&self) -> Vec<&Desc> {
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let namespaces = self
            .namespaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        namespaces.values().flat_map(Registry::gather).collect()
    }
}

#[cfg(test)]
mod tests {
    use prometheus::{Encoder as _, TextEncoder};

    use super::*;

    fn text(registry: &Registry) -> String {
        let mut bytes = Vec::new();
        let encoded = TextEncoder::new().encode(&registry.gather(), &mut bytes);
        encoded.expect("encoded");
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn each_namespaces_series_are_labelled_and_go_with_it() {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry, "one").expect("registered");
        let leads = |namespace: &str, leads: u32| {
            format!("anabranch_operator_leads{{namespace=\"{namespace}\"}} {leads}\n")
        };
        assert!(text(&registry).contains(&leads("one", 0)));
        let [one, other] = ["one", "other"].map(|name| metrics.of(name).expect("series"));
        one.rounds.inc();
        let counted = |namespace: &str, count: u32| {
            format!("anabranch_operator_rounds_total{{namespace=\"{namespace}\"}} {count}\n")
        };
        let both = text(&registry);
        assert!(both.contains(&counted("one", 1)) && both.contains(&counted("other", 0)));
        assert_eq!(
            both.matches("# TYPE anabranch_operator_rounds_total")
                .count(),
            1
        );
        assert!(both.contains(&leads("one", 1)) && both.contains(&leads("other", 1)));
        drop(one);
        assert!(!text(&registry).contains("\"one\""));
        assert!(text(&registry).contains(&counted("other", 0)));
        drop(other);
    }
}
