//! What is still to be changed so that a stream is what a manifest wishes for. Pure.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_crds::DesiredStream;
use anabranch_crds::data_stream::{CapacityMode, RecordDistribution as WishedDistribution};
use anabranch_domain::catalog::{
    AddTags, Change, DecreaseRetention, DeleteResourcePolicy, DisableEnhancedMonitoring,
    EnableEnhancedMonitoring, IncreaseRetention, PutResourcePolicy, RecordDistribution, RemoveTags,
    Resource, ScaleStream, ShardLevelMetric, StartStreamEncryption, StopStreamEncryption, Stream,
    StreamMode, UpdateMaxRecordSize, UpdateStreamMode, UpdateStreamRecordDistribution,
};
use anabranch_domain::{KeyId, StreamName};

/// Why a wish makes no change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PlanError {
    /// The name is none that a stream can have.
    #[error("{0:?} is no stream name")]
    StreamName(String),
    /// The key's name is none that a key can have.
    #[error("{0:?} is no key id")]
    KeyId(String),
}

/// The stream's name in the catalog.
pub(super) fn stream_name(wish: &DesiredStream) -> Result<StreamName, PlanError> {
    wish.stream_name
        .parse()
        .map_err(|_| PlanError::StreamName(wish.stream_name.clone()))
}

/// The capacity mode in the catalog's words.
pub(super) const fn mode(wish: &DesiredStream) -> StreamMode {
    match wish.mode {
        CapacityMode::Provisioned => StreamMode::Provisioned,
        CapacityMode::OnDemand => StreamMode::OnDemand,
    }
}

/// The changes that an existing stream needs, in an order in which each is possible: the number of shards comes last,
/// because nothing else may change while it does.
pub(super) fn changes(wish: &DesiredStream, stream: &Stream) -> Result<Vec<Change>, PlanError> {
    let settings = [
        mode_change(wish, stream),
        retention_change(wish, stream),
        record_size_change(wish, stream),
    ];
    let mut changes: Vec<Change> = settings.into_iter().flatten().collect();
    changes.extend(distribution_change(wish, stream));
    changes.extend(monitoring_changes(wish, stream));
    changes.extend(tag_changes(wish, stream));
    changes.extend(encryption_change(wish, stream)?);
    changes.extend(policy_change(wish, stream));
    changes.extend(shard_change(wish, stream));
    Ok(changes)
}

fn mode_change(wish: &DesiredStream, stream: &Stream) -> Option<Change> {
    let mode = mode(wish);
    let change = || UpdateStreamMode {
        stream: stream.name.clone(),
        mode,
        warm_throughput_mibps: None,
    };
    (mode != stream.mode).then(|| change().into())
}

fn retention_change(wish: &DesiredStream, stream: &Stream) -> Option<Change> {
    let (name, hours) = (stream.name.clone(), wish.retention_hours);
    match hours.cmp(&stream.retention_hours) {
        std::cmp::Ordering::Less => Some(
            DecreaseRetention {
                stream: name,
                hours,
            }
            .into(),
        ),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(
            IncreaseRetention {
                stream: name,
                hours,
            }
            .into(),
        ),
    }
}

fn record_size_change(wish: &DesiredStream, stream: &Stream) -> Option<Change> {
    let kib = wish.max_record_size_kib;
    let change = || UpdateMaxRecordSize {
        stream: stream.name.clone(),
        kib,
    };
    (kib != stream.max_record_size_kib).then(|| change().into())
}

/// Only an on-demand stream has a choice: another one's wish is refused where manifests are read.
fn distribution_change(wish: &DesiredStream, stream: &Stream) -> Option<Change> {
    let distribution = match wish.record_distribution {
        WishedDistribution::UserPartitionKey => RecordDistribution::UserPartitionKey,
        WishedDistribution::Auto => RecordDistribution::Auto,
    };
    let change = || UpdateStreamRecordDistribution {
        stream: stream.name.clone(),
        distribution,
    };
    let differs = distribution != stream.record_distribution;
    (differs && wish.mode == CapacityMode::OnDemand).then(|| change().into())
}

/// A manifest names all metrics that are shown for each shard.
fn monitoring_changes(wish: &DesiredStream, stream: &Stream) -> Vec<Change> {
    let wished = wish.shard_level_metrics.iter();
    let wished: BTreeSet<ShardLevelMetric> = wished
        .filter_map(|metric| metric.as_str().parse().ok())
        .collect();
    let shown = &stream.shard_level_metrics;
    let (more, fewer): (BTreeSet<_>, BTreeSet<_>) = (
        wished.difference(shown).copied().collect(),
        shown.difference(&wished).copied().collect(),
    );
    let mut changes = Vec::new();
    if !more.is_empty() {
        let enable = EnableEnhancedMonitoring {
            stream: stream.name.clone(),
            metrics: more,
        };
        changes.push(enable.into());
    }
    if !fewer.is_empty() {
        let disable = DisableEnhancedMonitoring {
            stream: stream.name.clone(),
            metrics: fewer,
        };
        changes.push(disable.into());
    }
    changes
}

/// A manifest names all tags: the others go.
fn tag_changes(wish: &DesiredStream, stream: &Stream) -> Vec<Change> {
    let differs = |(key, value): &(&String, &String)| stream.tags.get(*key) != Some(*value);
    let added: BTreeMap<String, String> = wish
        .tags
        .iter()
        .filter(differs)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let removed: Vec<String> = stream
        .tags
        .keys()
        .filter(|key| !wish.tags.contains_key(*key))
        .cloned()
        .collect();
    let resource = || Resource::Stream(stream.name.clone());
    let mut changes = Vec::new();
    // Removed first, so that a stream with as many tags as it may have can get others.
    if !removed.is_empty() {
        changes.push(
            RemoveTags {
                resource: resource(),
                keys: removed,
            }
            .into(),
        );
    }
    if !added.is_empty() {
        changes.push(
            AddTags {
                resource: resource(),
                tags: added,
            }
            .into(),
        );
    }
    changes
}

fn encryption_change(wish: &DesiredStream, stream: &Stream) -> Result<Option<Change>, PlanError> {
    let Some(wanted) = &wish.encryption_key else {
        let stop = || StopStreamEncryption {
            stream: stream.name.clone(),
        };
        return Ok(stream.encryption.as_ref().map(|_| stop().into()));
    };
    let key: KeyId = wanted
        .parse()
        .map_err(|_| PlanError::KeyId(wanted.clone()))?;
    if stream.encryption.as_ref() == Some(&key) {
        return Ok(None);
    }
    Ok(Some(
        StartStreamEncryption {
            stream: stream.name.clone(),
            key,
        }
        .into(),
    ))
}

fn policy_change(wish: &DesiredStream, stream: &Stream) -> Option<Change> {
    let resource = Resource::Stream(stream.name.clone());
    match (&wish.resource_policy, &stream.resource_policy) {
        (None, None) => None,
        (None, Some(_)) => Some(DeleteResourcePolicy { resource }.into()),
        (Some(wanted), there) => {
            let change = || PutResourcePolicy {
                resource,
                policy: wanted.clone(),
            };
            (there.as_ref() != Some(wanted)).then(|| change().into())
        }
    }
}

/// A stream whose manifest does not say how many shards keeps those that it has, and so does one whose manifest leaves them to the
/// load: there the number is what it begins with, and only its bounds hold.
fn shard_change(wish: &DesiredStream, stream: &Stream) -> Option<Change> {
    let open = stream.open_shard_count();
    let wanted = match &wish.autoscaling {
        Some(bounds) => Some(open.clamp(bounds.min_shards, bounds.max_shards)),
        None => wish.shards,
    };
    let target = wanted.filter(|shards| *shards != open)?;
    let reason = format!("manifest: {target} shards");
    Some(
        ScaleStream {
            stream: stream.name.clone(),
            target,
            reason,
        }
        .into(),
    )
}
