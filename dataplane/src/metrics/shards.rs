//! CloudWatch's enhanced, shard-level metrics: what an autoscaler reads.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use anabranch_domain::ids::ShardUid;
use anabranch_domain::names::StreamName;
use anabranch_domain::shard_id::ShardId;
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use crate::autoscaling::Counts;

/// What a replica is to its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It takes the puts.
    Leader,
    /// It has what the leader has.
    Follower,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Follower => "follower",
        }
    }
}

/// One family a CloudWatch metric, labelled by stream and shard.
#[derive(Debug, Clone)]
pub struct ShardMetrics {
    families: Arc<Families>,
    reads: IntCounterVec,
    read_bytes: IntCounterVec,
    by_shard: Arc<Mutex<HashMap<ShardUid, Series>>>,
}

#[derive(Debug)]
struct Families {
    incoming_bytes: IntCounterVec,
    incoming_records: IntCounterVec,
    refused_bytes: IntCounterVec,
    refused_records: IntCounterVec,
    outgoing_bytes: IntCounterVec,
    outgoing_records: IntCounterVec,
    read_throttled: IntCounterVec,
}

#[derive(Debug)]
struct Series {
    labels: [String; 2],
    counters: Arc<ShardCounters>,
}

/// One shard's counters, looked up once and then only added to.
#[derive(Debug)]
pub struct ShardCounters {
    /// `IncomingBytes`.
    pub incoming_bytes: IntCounter,
    /// `IncomingRecords`.
    pub incoming_records: IntCounter,
    /// Bytes refused by the write limit: with the accepted ones, the load that was *offered*.
    pub refused_bytes: IntCounter,
    /// `WriteProvisionedThroughputExceeded`.
    pub refused_records: IntCounter,
    /// `OutgoingBytes`.
    pub outgoing_bytes: IntCounter,
    /// `OutgoingRecords`.
    pub outgoing_records: IntCounter,
    /// `ReadProvisionedThroughputExceeded`.
    pub read_throttled: IntCounter,
}

impl ShardMetrics {
    /// Creates and registers the metrics.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let by_role = |name: &str, help: &str| {
            let family = IntCounterVec::new(Opts::new(name, help), &["role"])?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        Ok(Self {
            families: Arc::new(Families::register(registry)?),
            reads: by_role(
                "anabranch_replica_reads_total",
                "Reads that gave records, by what this replica is to the shard (leader, follower)",
            )?,
            read_bytes: by_role(
                "anabranch_replica_read_bytes_total",
                "Bytes of records that were read, by what this replica is to the shard (leader, follower)",
            )?,
            by_shard: Arc::default(),
        })
    }

    /// Counts a read that gave `bytes` of records.
    pub fn count_read(&self, role: Role, bytes: u64) {
        let labels = &[role.as_str()];
        self.reads.with_label_values(labels).inc();
        self.read_bytes.with_label_values(labels).inc_by(bytes);
    }

    /// The counters of one shard. A shard gets series when it is first used, so 10,000 idle streams have none.
    pub fn of(&self, uid: ShardUid, stream: &StreamName, shard: ShardId) -> Arc<ShardCounters> {
        let mut by_shard = self.by_shard.lock().unwrap_or_else(PoisonError::into_inner);
        let series = by_shard.entry(uid).or_insert_with(|| {
            let labels = [stream.as_str().to_owned(), shard.to_string()];
            let counters = Arc::new(self.families.counters(&labels));
            Series { labels, counters }
        });
        Arc::clone(&series.counters)
    }

    /// The counters of a shard that was used.
    pub fn counts(&self, uid: ShardUid) -> Option<Arc<ShardCounters>> {
        let by_shard = self.by_shard.lock().unwrap_or_else(PoisonError::into_inner);
        by_shard
            .get(&uid)
            .map(|series| Arc::clone(&series.counters))
    }

    /// The shards that have series.
    pub fn uids(&self) -> Vec<ShardUid> {
        let by_shard = self.by_shard.lock().unwrap_or_else(PoisonError::into_inner);
        by_shard.keys().copied().collect()
    }

    /// Takes the series of writes away of a shard that takes no more; its reads go on.
    pub fn close(&self, uid: ShardUid) {
        let by_shard = self.by_shard.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(closed) = by_shard.get(&uid) else {
            return;
        };
        let mut others = by_shard.iter().filter(|(other, _)| **other != uid);
        if others.all(|(_, series)| series.labels != closed.labels) {
            for family in self.families.of_writes() {
                let _ = family.remove_label_values(&closed.labels);
            }
        }
    }

    /// Takes the series of shards away that are gone. A shard of a stream that was deleted and made again at once has the
    /// labels of one that is gone: those stay.
    pub fn forget(&self, gone: &HashSet<ShardUid>) {
        let mut by_shard = self.by_shard.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<Series> = gone.iter().filter_map(|uid| by_shard.remove(uid)).collect();
        if gone.is_empty() {
            return;
        }
        let in_use: HashSet<_> = by_shard.values().map(|series| &series.labels).collect();
        for series in gone {
            if !in_use.contains(&series.labels) {
                self.families.remove(&series.labels);
            }
        }
    }
}

impl ShardCounters {
    /// What was offered until now.
    pub fn counts(&self) -> Counts {
        Counts {
            accepted_bytes: self.incoming_bytes.get(),
            accepted_records: self.incoming_records.get(),
            refused_bytes: self.refused_bytes.get(),
            refused_records: self.refused_records.get(),
        }
    }
}

impl Families {
    fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let family = IntCounterVec::new(Opts::new(name, help), &["stream", "shard"])?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        Ok(Self {
            incoming_bytes: counter(
                "anabranch_shard_incoming_bytes_total",
                "Bytes of accepted records (CloudWatch: IncomingBytes)",
            )?,
            incoming_records: counter(
                "anabranch_shard_incoming_records_total",
                "Accepted records (CloudWatch: IncomingRecords)",
            )?,
            refused_bytes: counter(
                "anabranch_shard_write_throttled_bytes_total",
                "Bytes refused by the shard's write limit",
            )?,
            refused_records: counter(
                "anabranch_shard_write_throttled_records_total",
                "Records refused by the shard's write limit (CloudWatch: WriteProvisionedThroughputExceeded)",
            )?,
            outgoing_bytes: counter(
                "anabranch_shard_outgoing_bytes_total",
                "Bytes read from the shard (CloudWatch: OutgoingBytes)",
            )?,
            outgoing_records: counter(
                "anabranch_shard_outgoing_records_total",
                "Records read from the shard (CloudWatch: OutgoingRecords)",
            )?,
            read_throttled: counter(
                "anabranch_shard_read_throttled_calls_total",
                "Reads refused by the shard's read limit (CloudWatch: ReadProvisionedThroughputExceeded)",
            )?,
        })
    }

    fn of_writes(&self) -> [&IntCounterVec; 4] {
        [
            &self.incoming_bytes,
            &self.incoming_records,
            &self.refused_bytes,
            &self.refused_records,
        ]
    }

    fn all(&self) -> [&IntCounterVec; 7] {
        [
            &self.incoming_bytes,
            &self.incoming_records,
            &self.refused_bytes,
            &self.refused_records,
            &self.outgoing_bytes,
            &self.outgoing_records,
            &self.read_throttled,
        ]
    }

    fn counters(&self, labels: &[String; 2]) -> ShardCounters {
        let [
            incoming_bytes,
            incoming_records,
            refused_bytes,
            refused_records,
            outgoing_bytes,
            outgoing_records,
            read_throttled,
        ] = self.all().map(|family| family.with_label_values(labels));
        ShardCounters {
            incoming_bytes,
            incoming_records,
            refused_bytes,
            refused_records,
            outgoing_bytes,
            outgoing_records,
            read_throttled,
        }
    }

    /// A family that lacks the series has nothing to remove: that is no error.
    fn remove(&self, labels: &[String; 2]) {
        for family in self.all() {
            let _ = family.remove_label_values(labels);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(registry: &Registry) -> Vec<String> {
        let mut labels: Vec<_> = registry
            .gather()
            .iter()
            .filter(|family| family.name() == "anabranch_shard_incoming_records_total")
            .flat_map(|family| family.get_metric().to_vec())
            .map(|metric| {
                let values = metric
                    .get_label()
                    .iter()
                    .map(|label| label.value().to_owned());
                let values: Vec<_> = values.collect();
                format!(
                    "{} = {}",
                    values.join(" "),
                    metric.get_counter().get_value()
                )
            })
            .collect();
        labels.sort();
        labels
    }

    #[test]
    fn series_of_shards_that_are_gone_go_unless_another_has_their_labels() {
        let registry = Registry::new();
        let metrics = ShardMetrics::register(&registry).expect("nothing else is registered");
        let (deleted, made_again) = (ShardUid::from_bits(1), ShardUid::from_bits(2));
        let stream = "s".parse().expect("a name");
        let count = |uid, index| {
            let shard = ShardId::new(index).expect("a small one");
            let counters = metrics.of(uid, &stream, shard);
            counters.incoming_records.inc();
        };
        count(deleted, 0);
        count(ShardUid::from_bits(3), 1);
        count(made_again, 0);
        let gone = metrics.uids().into_iter().filter(|uid| *uid != made_again);
        metrics.forget(&gone.collect());
        count(made_again, 0);
        assert_eq!(labelled(&registry), ["shardId-000000000000 s = 3"]);
    }
}
