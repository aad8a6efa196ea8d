//! The catalog's nouns as AWS's model shows them.
//!
//! Pure. A child shard that does not take records yet is not shown, and a shard that is being sealed is shown open: AWS
//! knows no state between, and nobody can route by one.

use std::collections::BTreeSet;

use anabranch_domain::catalog::{
    Account, BillingCommitment, Consumer, Shard, ShardLevelMetric, ShardStatus, Snapshot, Stream,
    StreamMode,
};
use anabranch_domain::{ConsumerArn, StreamArn, Timestamp};
use anabranch_wire::{Timestamp as WireTimestamp, shapes};

/// A time.
pub(crate) fn timestamp(time: Timestamp) -> WireTimestamp {
    WireTimestamp::from_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// A count; none of ours reaches the wire's bound.
pub(crate) fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A number of a stream's settings.
pub(crate) fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The stream's ARN.
pub(crate) fn stream_arn(account: &Account, stream: &Stream) -> StreamArn {
    StreamArn {
        region: account.region.clone(),
        account: account.id,
        stream: stream.name.clone(),
    }
}

/// The consumer's ARN.
pub(crate) fn consumer_arn(account: &Account, stream: &Stream, consumer: &Consumer) -> ConsumerArn {
    ConsumerArn {
        stream_arn: stream_arn(account, stream),
        name: consumer.name.clone(),
        created_secs: consumer.created.as_secs(),
    }
}

/// `StreamModeDetails`.
pub(crate) fn stream_mode(mode: StreamMode) -> shapes::StreamModeDetails {
    shapes::StreamModeDetails {
        stream_mode: mode.as_str().to_owned(),
    }
}

/// `EnhancedMonitoring`: always one element, also when nothing is enabled.
pub(crate) fn enhanced_monitoring(stream: &Stream) -> Vec<shapes::EnhancedMetrics> {
    vec![shapes::EnhancedMetrics {
        shard_level_metrics: Some(shard_level_metrics(stream)),
    }]
}

/// The names of the enabled shard-level metrics.
pub(crate) fn shard_level_metrics(stream: &Stream) -> Vec<String> {
    metric_names(&stream.shard_level_metrics)
}

/// Metrics by AWS's names.
pub(crate) fn metric_names(metrics: &BTreeSet<ShardLevelMetric>) -> Vec<String> {
    metrics
        .iter()
        .map(|metric| metric.as_str().to_owned())
        .collect()
}

/// `EncryptionType` of a stream: here `NONE` is said, unlike on records.
pub(crate) fn encryption_type(stream: &Stream) -> String {
    if stream.encryption.is_some() {
        "KMS"
    } else {
        "NONE"
    }
    .to_owned()
}

/// Whether a listing shows this shard.
pub(crate) fn is_listed(shard: &Shard) -> bool {
    shard.status != ShardStatus::Creating
}

/// A shard.
pub(crate) fn shard(shard: &Shard) -> shapes::Shard {
    shapes::Shard {
        shard_id: shard.id.to_string(),
        parent_shard_id: shard.parent.map(|id| id.to_string()),
        adjacent_parent_shard_id: shard.adjacent_parent.map(|id| id.to_string()),
        hash_key_range: shapes::HashKeyRange {
            starting_hash_key: shard.range.start().to_string(),
            ending_hash_key: shard.range.end().to_string(),
        },
        sequence_number_range: shapes::SequenceNumberRange {
            starting_sequence_number: shard.starting_sequence_number().to_string(),
            ending_sequence_number: shard
                .ending_sequence_number()
                .map(|number| number.to_string()),
        },
    }
}

/// A consumer.
pub(crate) fn consumer(
    account: &Account,
    stream: &Stream,
    consumer: &Consumer,
) -> shapes::Consumer {
    shapes::Consumer {
        consumer_name: consumer.name.to_string(),
        consumer_arn: consumer_arn(account, stream, consumer).to_string(),
        consumer_status: consumer.status.as_str().to_owned(),
        consumer_creation_timestamp: timestamp(consumer.created),
    }
}

/// Tags, in the order of their keys.
pub(crate) fn tags<'a>(
    tags: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Vec<shapes::Tag> {
    tags.into_iter()
        .map(|(key, value)| shapes::Tag {
            key: key.clone(),
            value: Some(value.clone()),
        })
        .collect()
}

/// Warm throughput: reached as soon as it is asked for, because it moves no shard here.
pub(crate) fn warm_throughput(mibps: u32) -> shapes::WarmThroughputObject {
    shapes::WarmThroughputObject {
        target_mibps: Some(number(mibps)),
        current_mibps: Some(number(mibps)),
    }
}

/// The answer to a change of a stream's shard-level metrics.
pub(crate) fn monitoring_change(
    before: &Stream,
    after: &Snapshot,
) -> shapes::EnhancedMonitoringOutput {
    let desired = after
        .streams
        .get(&before.name)
        .map(|stream| shard_level_metrics(stream))
        .unwrap_or_default();
    shapes::EnhancedMonitoringOutput {
        stream_name: Some(before.name.to_string()),
        current_shard_level_metrics: Some(shard_level_metrics(before)),
        desired_shard_level_metrics: Some(desired),
        stream_arn: Some(stream_arn(&after.account, before).to_string()),
    }
}

/// The account's commitment as it is now.
pub(crate) fn billing_commitment(
    now: BillingCommitment,
) -> shapes::MinimumThroughputBillingCommitmentOutput {
    shapes::MinimumThroughputBillingCommitmentOutput {
        status: now.status().as_str().to_owned(),
        started_at: now.started_at().map(timestamp),
        ended_at: now.ended_at().map(timestamp),
        earliest_allowed_end_at: now.earliest_allowed_end_at().map(timestamp),
    }
}
