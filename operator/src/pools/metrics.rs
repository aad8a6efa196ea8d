//! What is counted of pools.

use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

use super::plan::Moves;
use crate::placement::Cause;

/// Replicas that move.
#[derive(Debug, Clone)]
pub struct PoolMetrics {
    moves: IntCounterVec,
    displaced: IntGaugeVec,
}

impl PoolMetrics {
    /// Registers them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let moves = Opts::new(
            "anabranch_operator_replica_moves_total",
            "Shards whose wanted pods were changed, by why",
        );
        let displaced = Opts::new(
            "anabranch_operator_replicas_displaced",
            "Replicas on pods of a pool that are to go, or are gone for good",
        );
        let metrics = Self {
            moves: IntCounterVec::new(moves, &["cause"])?,
            displaced: IntGaugeVec::new(displaced, &["pool", "pod_is"])?,
        };
        registry.register(Box::new(metrics.moves.clone()))?;
        registry.register(Box::new(metrics.displaced.clone()))?;
        Ok(metrics)
    }

    pub(super) fn count(&self, pool: &str, moves: &Moves) {
        for cause in &moves.causes {
            let cause = match cause {
                Cause::Replace => "replace",
                Cause::Drain => "drain",
                Cause::Balance => "balance",
                Cause::Leaders => "leaders",
                Cause::Finish => continue,
            };
            self.moves.with_label_values(&[cause]).inc();
        }
        for (pod_is, count) in [("leaving", moves.leaving), ("gone", moves.lost)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.displaced.with_label_values(&[pool, pod_is]).set(count);
        }
    }

    /// Forgets a pool that is not there any more.
    pub(super) fn forget(&self, pool: &str) {
        for pod_is in ["leaving", "gone"] {
            let _ = self.displaced.remove_label_values(&[pool, pod_is]);
        }
    }
}
