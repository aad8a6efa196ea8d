//! A `DataStream`'s spec, parsed once: plain values that whoever carries the wish out need not check again.
//!
//! Pure. The rules are the CRD's own; here they guard the way in that no API server guards.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    data_stream::{
        Autoscaling, AutoscalingBehavior, CapacityMode, DataStream, DeletionPolicy, Durability,
        RecordDistribution, ScalingPolicy, ShardLevelMetric, ShardLimits,
    },
    quantity, refusal,
};

/// A stream as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredStream {
    /// The name in the Kinesis API.
    pub stream_name: String,
    /// The capacity mode.
    pub mode: CapacityMode,
    /// Open shards; nothing: as many as a new stream gets, or as an existing one has.
    pub shards: Option<u32>,
    /// How long records are kept, 24…8760.
    pub retention_hours: u32,
    /// Largest record, 1024…10240.
    pub max_record_size_kib: u32,
    /// The write throughput to be ready for, in MiB a second; only on demand.
    pub warm_throughput_mibps: Option<u32>,
    /// What decides which shard a record goes to.
    pub record_distribution: RecordDistribution,
    /// Metrics that are shown for each shard.
    pub shard_level_metrics: BTreeSet<ShardLevelMetric>,
    /// What one shard takes and gives.
    pub shard_limits: ShardLimits,
    /// Replicas of a shard.
    pub replication_factor: u32,
    /// When a put is acknowledged.
    pub durability: Durability,
    /// Bounds of automatic changes.
    pub autoscaling: Option<Autoscaling>,
    /// The key that stored records are encrypted with.
    pub encryption_key: Option<String>,
    /// All tags.
    pub tags: BTreeMap<String, String>,
    /// The resource policy as JSON text.
    pub resource_policy: Option<String>,
    /// What becomes of the records when the object is deleted.
    pub deletion_policy: DeletionPolicy,
}

/// Why a spec cannot be carried out: the field's path and a sentence that says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {refusal}")]
pub struct InvalidSpec {
    /// Path of the field from the document's root.
    pub path: &'static str,
    /// What to write instead.
    pub refusal: &'static str,
}

/// Shards of a new stream that does not say how many, by mode: AWS starts on-demand streams with four.
const fn shards_when_left_out(mode: CapacityMode) -> u32 {
    match mode {
        CapacityMode::Provisioned => 1,
        CapacityMode::OnDemand => 4,
    }
}

impl DesiredStream {
    /// What `object` wishes for.
    pub fn of(object: &DataStream) -> Result<Self, InvalidSpec> {
        let spec = &object.spec;
        check_shards(object)?;
        if ![1, 3, 5].contains(&spec.replication.factor) {
            return Err(invalid(
                "spec.replication.factor",
                refusal::REPLICATION_FACTOR,
            ));
        }
        if spec.pool.is_some() && spec.pod_template.is_some() {
            return Err(invalid("spec.podTemplate", refusal::POOL_OR_POD_TEMPLATE));
        }
        check_pool(spec.pool.as_deref())?;
        check_is_on_demand_where_needed(object)?;
        check_tags(&spec.tags)?;
        Ok(Self {
            stream_name: stream_name(object)?,
            mode: spec.mode,
            shards: spec.shards,
            retention_hours: retention_hours(&spec.retention)?,
            max_record_size_kib: max_record_size_kib(&spec.max_record_size)?,
            warm_throughput_mibps: spec.warm_throughput_mibps,
            record_distribution: spec.record_distribution,
            shard_level_metrics: spec.shard_level_metrics.clone(),
            shard_limits: spec.shard_limits,
            replication_factor: spec.replication.factor,
            durability: spec.durability,
            autoscaling: spec.autoscaling.clone(),
            encryption_key: encryption_key(object)?,
            tags: spec.tags.clone(),
            resource_policy: resource_policy(object)?,
            deletion_policy: spec.deletion_policy,
        })
    }

    /// Shards to create the stream with.
    pub fn shards_at_creation(&self) -> u32 {
        let least = self
            .autoscaling
            .as_ref()
            .map_or(1, |autoscaling| autoscaling.min_shards);
        self.shards
            .unwrap_or_else(|| shards_when_left_out(self.mode).max(least))
    }
}

fn invalid(path: &'static str, refusal: &'static str) -> InvalidSpec {
    InvalidSpec { path, refusal }
}

fn stream_name(object: &DataStream) -> Result<String, InvalidSpec> {
    let (path, name) = match (&object.spec.stream_name, &object.metadata.name) {
        (Some(name), _) => ("spec.streamName", name),
        (None, Some(name)) => ("metadata.name", name),
        (None, None) => return Err(invalid("metadata.name", "write the object's name")),
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if name.is_empty() || name.len() > 128 || !name.bytes().all(allowed) {
        return Err(invalid(path, refusal::STREAM_NAME));
    }
    Ok(name.clone())
}

fn check_shards(object: &DataStream) -> Result<(), InvalidSpec> {
    const ALLOWED: std::ops::RangeInclusive<u32> = 1..=10_000;
    let shards = object.spec.shards;
    if shards.is_some_and(|shards| !ALLOWED.contains(&shards)) {
        return Err(invalid("spec.shards", refusal::SHARDS));
    }
    let Some(autoscaling) = &object.spec.autoscaling else {
        return Ok(());
    };
    let (least, most) = (autoscaling.min_shards, autoscaling.max_shards);
    if !ALLOWED.contains(&least) {
        return Err(invalid("spec.autoscaling.minShards", refusal::SHARDS));
    }
    if !ALLOWED.contains(&most) {
        return Err(invalid("spec.autoscaling.maxShards", refusal::SHARDS));
    }
    if least > most {
        return Err(invalid(
            "spec.autoscaling.minShards",
            refusal::AUTOSCALING_BOUNDS,
        ));
    }
    if !(10..=95).contains(&autoscaling.target_utilization_percent) {
        return Err(invalid(
            "spec.autoscaling.targetUtilizationPercent",
            refusal::TARGET_UTILIZATION,
        ));
    }
    check_behavior(&autoscaling.behavior)?;
    if shards.is_some_and(|shards| !(least..=most).contains(&shards)) {
        return Err(invalid("spec.shards", refusal::SHARDS_OUTSIDE_AUTOSCALING));
    }
    Ok(())
}

fn check_behavior(behavior: &AutoscalingBehavior) -> Result<(), InvalidSpec> {
    let path = "spec.autoscaling.behavior";
    let rules = [&behavior.scale_up, &behavior.scale_down];
    for rules in rules.into_iter().flatten() {
        if rules.stabilization_window_seconds.unwrap_or(0) > 14_400 {
            return Err(invalid(path, refusal::STABILIZATION_WINDOW));
        }
        let is_wrong = |policy: &ScalingPolicy| {
            policy.value == 0 || !(1..=1_800).contains(&policy.period_seconds)
        };
        if rules.policies.iter().any(is_wrong) {
            return Err(invalid(path, refusal::SCALING_POLICY));
        }
    }
    Ok(())
}

/// One process has no pools; the name of one is still judged, so that the manifest can go to a cluster as it is.
fn check_pool(pool: Option<&str>) -> Result<(), InvalidSpec> {
    let is_inner =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_outer = |name: &str| !name.starts_with(['.', '-']) && !name.ends_with(['.', '-']);
    let is_name = |name: &str| {
        (1..=253).contains(&name.len()) && name.bytes().all(is_inner) && is_outer(name)
    };
    if pool.is_none_or(is_name) {
        Ok(())
    } else {
        Err(invalid("spec.pool", refusal::POOL))
    }
}

fn check_is_on_demand_where_needed(object: &DataStream) -> Result<(), InvalidSpec> {
    let spec = &object.spec;
    if spec.mode == CapacityMode::OnDemand {
        return Ok(());
    }
    if spec.warm_throughput_mibps.is_some() {
        return Err(invalid("spec.warmThroughputMiBps", refusal::ON_DEMAND_ONLY));
    }
    if spec.record_distribution == RecordDistribution::Auto {
        return Err(invalid("spec.recordDistribution", refusal::ON_DEMAND_ONLY));
    }
    Ok(())
}

fn retention_hours(text: &str) -> Result<u32, InvalidSpec> {
    text.strip_suffix('h')
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .filter(|hours| (24..=8760).contains(hours))
        .ok_or(invalid("spec.retention", refusal::RETENTION))
}

fn max_record_size_kib(text: &str) -> Result<u32, InvalidSpec> {
    quantity::parse(text)
        .filter(|bytes| bytes % 1024 == 0)
        .and_then(|bytes| u32::try_from(bytes / 1024).ok())
        .filter(|kib| (1024..=10_240).contains(kib))
        .ok_or(invalid("spec.maxRecordSize", refusal::MAX_RECORD_SIZE))
}

fn encryption_key(object: &DataStream) -> Result<Option<String>, InvalidSpec> {
    let Some(encryption) = &object.spec.encryption else {
        return Ok(None);
    };
    if encryption.key_id.is_empty() || encryption.key_id.len() > 2048 {
        return Err(invalid("spec.encryption.keyId", refusal::ENCRYPTION_KEY));
    }
    Ok(Some(encryption.key_id.clone()))
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), InvalidSpec> {
    let key_allowed =
        |key: &str| (1..=128).contains(&key.chars().count()) && !key.starts_with("aws:");
    if tags.len() > 50
        || !tags
            .iter()
            .all(|(key, value)| key_allowed(key) && value.chars().count() <= 256)
    {
        return Err(invalid("spec.tags", refusal::TAGS));
    }
    Ok(())
}

fn resource_policy(object: &DataStream) -> Result<Option<String>, InvalidSpec> {
    let Some(policy) = &object.spec.resource_policy else {
        return Ok(None);
    };
    if policy.get("Statement").is_none() {
        return Err(invalid("spec.resourcePolicy", refusal::RESOURCE_POLICY));
    }
    Ok(Some(policy.to_string()))
}

#[cfg(test)]
#[path = "desired_stream_test.rs"]
mod tests;
