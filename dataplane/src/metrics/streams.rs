//! CloudWatch's basic, stream-level metrics.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anabranch_domain::names::StreamName;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};

/// One family a CloudWatch metric, labelled by stream.
#[derive(Debug, Clone)]
pub struct StreamMetrics {
    families: Arc<Families>,
    by_stream: Arc<Mutex<HashMap<StreamName, Arc<StreamCounters>>>>,
}

#[derive(Debug)]
struct Families {
    incoming_bytes: IntCounterVec,
    incoming_records: IntCounterVec,
    outgoing_bytes: IntCounterVec,
    outgoing_records: IntCounterVec,
    write_throttled: IntCounterVec,
    read_throttled: IntCounterVec,
    put_failed: IntCounterVec,
    iterator_age: HistogramVec,
    fan_out_bytes: IntCounterVec,
    fan_out_records: IntCounterVec,
}

/// One stream's counters, looked up once and then only added to.
#[derive(Debug)]
pub struct StreamCounters {
    /// `IncomingBytes`: data and partition keys of accepted records.
    pub incoming_bytes: IntCounter,
    /// `IncomingRecords`: accepted records.
    pub incoming_records: IntCounter,
    /// `GetRecords.Bytes`.
    pub outgoing_bytes: IntCounter,
    /// `GetRecords.Records`.
    pub outgoing_records: IntCounter,
    /// `WriteProvisionedThroughputExceeded`: records refused by a shard's write limit.
    pub write_throttled: IntCounter,
    /// `ReadProvisionedThroughputExceeded`: `GetRecords` calls refused by a shard's read limit.
    pub read_throttled: IntCounter,
    /// `PutRecords.FailedRecords`: records that failed for a reason that is not a limit.
    pub put_failed: IntCounter,
    /// `GetRecords.IteratorAgeMilliseconds`, in seconds as Prometheus has it.
    pub iterator_age: Histogram,
    /// `SubscribeToShardEvent.Bytes`.
    pub fan_out_bytes: IntCounter,
    /// `SubscribeToShardEvent.Records`.
    pub fan_out_records: IntCounter,
}

/// Ages in seconds: from the tip to the longest retention that people watch.
const AGE_BUCKETS_SECONDS: [f64; 10] = [
    0.0, 0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 21600.0, 86400.0,
];

impl StreamMetrics {
    /// Creates and registers the metrics.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            families: Arc::new(Families::register(registry)?),
            by_stream: Arc::default(),
        })
    }

    /// The counters of one stream.
    pub fn of(&self, stream: &StreamName) -> Arc<StreamCounters> {
        let mut by_stream = self
            .by_stream
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = by_stream.get(stream) {
            return Arc::clone(counters);
        }
        let counters = Arc::new(self.families.counters(stream.as_str()));
        by_stream.insert(stream.clone(), Arc::clone(&counters));
        counters
    }

    /// Takes the series of every stream away for which `is_alive` says no. It is asked while nobody can get new counters,
    /// so a stream that is made just then loses none if the answer is of that moment.
    pub fn retain(&self, is_alive: impl Fn(&StreamName) -> bool) {
        let mut by_stream = self
            .by_stream
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        by_stream.retain(|stream, _| {
            let alive = is_alive(stream);
            if !alive {
                self.families.remove(stream.as_str());
            }
            alive
        });
    }
}

impl Families {
    fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let family = IntCounterVec::new(Opts::new(name, help), &["stream"])?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let iterator_age = HistogramVec::new(
            HistogramOpts::new(
                "anabranch_stream_iterator_age_seconds",
                "Age of the last record of each GetRecords answer (CloudWatch: GetRecords.IteratorAgeMilliseconds)",
            )
            .buckets(AGE_BUCKETS_SECONDS.to_vec()),
            &["stream"],
        )?;
        registry.register(Box::new(iterator_age.clone()))?;
        Ok(Self {
            incoming_bytes: counter(
                "anabranch_stream_incoming_bytes_total",
                "Bytes of accepted records (CloudWatch: IncomingBytes)",
            )?,
            incoming_records: counter(
                "anabranch_stream_incoming_records_total",
                "Accepted records (CloudWatch: IncomingRecords)",
            )?,
            outgoing_bytes: counter(
                "anabranch_stream_get_records_bytes_total",
                "Bytes answered by GetRecords (CloudWatch: GetRecords.Bytes)",
            )?,
            outgoing_records: counter(
                "anabranch_stream_get_records_records_total",
                "Records answered by GetRecords (CloudWatch: GetRecords.Records)",
            )?,
            write_throttled: counter(
                "anabranch_stream_write_throttled_records_total",
                "Records refused by a shard's write limit (CloudWatch: WriteProvisionedThroughputExceeded)",
            )?,
            read_throttled: counter(
                "anabranch_stream_read_throttled_calls_total",
                "GetRecords calls refused by a shard's read limit (CloudWatch: ReadProvisionedThroughputExceeded)",
            )?,
            put_failed: counter(
                "anabranch_stream_put_failed_records_total",
                "Records that failed for another reason than a limit (CloudWatch: PutRecords.FailedRecords)",
            )?,
            iterator_age,
            fan_out_bytes: counter(
                "anabranch_stream_fan_out_bytes_total",
                "Bytes pushed by SubscribeToShard (CloudWatch: SubscribeToShardEvent.Bytes)",
            )?,
            fan_out_records: counter(
                "anabranch_stream_fan_out_records_total",
                "Records pushed by SubscribeToShard (CloudWatch: SubscribeToShardEvent.Records)",
            )?,
        })
    }

    fn counters(&self, stream: &str) -> StreamCounters {
        let of = |family: &IntCounterVec| family.with_label_values(&[stream]);
        StreamCounters {
            incoming_bytes: of(&self.incoming_bytes),
            incoming_records: of(&self.incoming_records),
            outgoing_bytes: of(&self.outgoing_bytes),
            outgoing_records: of(&self.outgoing_records),
            write_throttled: of(&self.write_throttled),
            read_throttled: of(&self.read_throttled),
            put_failed: of(&self.put_failed),
            iterator_age: self.iterator_age.with_label_values(&[stream]),
            fan_out_bytes: of(&self.fan_out_bytes),
            fan_out_records: of(&self.fan_out_records),
        }
    }

    /// A family that lacks the series has nothing to remove: that is no error.
    fn remove(&self, stream: &str) {
        for family in [
            &self.incoming_bytes,
            &self.incoming_records,
            &self.outgoing_bytes,
            &self.outgoing_records,
            &self.write_throttled,
            &self.read_throttled,
            &self.put_failed,
            &self.fan_out_bytes,
            &self.fan_out_records,
        ] {
            let _ = family.remove_label_values(&[stream]);
        }
        let _ = self.iterator_age.remove_label_values(&[stream]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_streams_that_are_gone_go_and_others_stay() {
        let registry = Registry::new();
        let metrics = StreamMetrics::register(&registry).expect("nothing else is registered");
        for name in ["kept", "gone"] {
            let stream = name.parse().expect("a name");
            metrics.of(&stream).incoming_records.inc_by(7);
        }
        metrics.retain(|stream| stream.as_str() == "kept");
        let streams: std::collections::BTreeSet<_> = registry
            .gather()
            .iter()
            .flat_map(|family| family.get_metric().to_vec())
            .map(|metric| metric.get_label()[0].value().to_owned())
            .collect();
        assert_eq!(streams.into_iter().collect::<Vec<_>>(), ["kept"]);
        assert_eq!(
            metrics
                .of(&"kept".parse().expect("a name"))
                .incoming_records
                .get(),
            7
        );
        let again = metrics.of(&"gone".parse().expect("a name"));
        assert_eq!(
            again.incoming_records.get(),
            0,
            "a new stream of that name begins anew"
        );
    }
}
