//! What the disk did: group commits, their size and how long they took, and how full it is.

use anabranch_store::{GroupFacts, Reserve, StoreObserver, Usage};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, Registry};

use super::LATENCY_BUCKETS_SECONDS;

/// What is counted of the store.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    commit_seconds: Histogram,
    queued_seconds: Histogram,
    commit_bytes: IntCounter,
    commit_sets: IntCounter,
    lazy_sets: IntCounter,
    commit_failures: IntCounter,
    refusals: IntCounter,
    disk_bytes: IntGauge,
    free_bytes: IntGauge,
    low: IntGauge,
    damaged: IntGauge,
    replaced: IntGauge,
    /// Bytes of logs that were read for replicas elsewhere that lag.
    pub catch_up_bytes: IntCounter,
    /// Bytes of logs that were read to see whether they still can be.
    pub scrubbed_bytes: IntCounter,
    /// Bytes that retention gave back to the file system.
    pub released_bytes: IntCounter,
}

impl StoreMetrics {
    /// Creates and registers the metrics.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let histogram = |name: &str, help: &str| {
            let options = HistogramOpts::new(name, help).buckets(LATENCY_BUCKETS_SECONDS.to_vec());
            let histogram = Histogram::with_opts(options)?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, prometheus::Error>(histogram)
        };
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        Ok(Self {
            commit_seconds: histogram(
                "anabranch_store_commit_seconds",
                "Time of one group commit, its fsync included",
            )?,
            queued_seconds: histogram(
                "anabranch_store_commit_queued_seconds",
                "Time that the first write set of a group waited for its commit",
            )?,
            commit_bytes: counter(
                "anabranch_store_commit_bytes_total",
                "Bytes made durable by group commits",
            )?,
            commit_sets: counter(
                "anabranch_store_commit_sets_total",
                "Write sets made durable by group commits",
            )?,
            lazy_sets: counter(
                "anabranch_store_lazy_sets_total",
                "Write sets that were answered from memory, before they were synced (durability: Memory)",
            )?,
            commit_failures: counter(
                "anabranch_store_commit_failures_total",
                "Group commits that the disk refused",
            )?,
            refusals: counter(
                "anabranch_store_refusals_total",
                "Write sets refused before the disk: a full queue, or storage below its reserve",
            )?,
            disk_bytes: gauge(
                "anabranch_store_disk_bytes",
                "Bytes of the store's own files",
            )?,
            free_bytes: gauge(
                "anabranch_store_free_bytes",
                "Bytes that the file system still gives",
            )?,
            low: gauge(
                "anabranch_store_low",
                "1 while storage is below its reserve and puts are refused",
            )?,
            damaged: gauge(
                "anabranch_store_damaged_entries",
                "Times that a log entry on this disk could not be read as it was written, since the process began",
            )?,
            replaced: gauge(
                "anabranch_store_replaced_entries",
                "Damaged log entries that another replica's took the place of, since the process began",
            )?,
            catch_up_bytes: counter(
                "anabranch_store_catch_up_bytes_total",
                "Bytes of logs that were read and sent to replicas elsewhere that lag",
            )?,
            scrubbed_bytes: counter(
                "anabranch_store_scrubbed_bytes_total",
                "Bytes of logs that were read to see whether they still can be",
            )?,
            released_bytes: counter(
                "anabranch_retention_released_bytes_total",
                "Bytes of expired records given back to the file system",
            )?,
        })
    }

    /// Shows how many entries were found damaged, and how many of them were replaced.
    pub fn show_damage(&self, found: u64, replaced: u64) {
        self.damaged.set(gauge(found));
        self.replaced.set(gauge(replaced));
    }

    /// Shows how full the disk is.
    pub fn show(&self, usage: &Usage) {
        self.disk_bytes.set(gauge(usage.disk_bytes));
        self.free_bytes.set(gauge(usage.free_bytes));
        self.low.set(i64::from(usage.reserve == Reserve::Low));
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl StoreObserver for StoreMetrics {
    fn group(&self, facts: &GroupFacts) {
        self.queued_seconds.observe(facts.queued.as_secs_f64());
        self.commit_seconds.observe(facts.write.as_secs_f64());
        if facts.durable {
            self.commit_bytes.inc_by(facts.bytes as u64);
            self.commit_sets.inc_by(facts.sets as u64);
            if facts.lazy {
                self.lazy_sets.inc_by(facts.sets as u64);
            }
        } else {
            self.commit_failures.inc();
        }
    }

    fn refused(&self) {
        self.refusals.inc();
    }
}
