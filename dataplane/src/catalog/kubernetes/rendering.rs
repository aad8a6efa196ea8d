//! The catalog's values as the JSON of objects' specs and statuses: the other way of [`super::projection`]. Pure.
//!
//! What a field means together with others is the CRDs' to say; here each value gets its one spelling.

use std::collections::BTreeSet;

use anabranch_crds::Time;
use anabranch_crds::shard::HashKeyRange;
use anabranch_domain::catalog::{
    Account, Consumer, RecentUses, RecordDistribution, Reshard, ReshardKind, ReshardStatus, Shard,
    ShardStatus, Stream, StreamMode, StreamStatus,
};
use anabranch_domain::{HashKey, PodName, ShardId, StreamArn, Timestamp};
use serde_json::{Value, json};

/// What of a stream's settings a user may wish for: fields of `DataStream.spec`.
pub(super) fn wish(stream: &Stream) -> Value {
    let policy = stream.resource_policy.as_deref();
    let policy = policy.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let metrics: BTreeSet<_> = stream
        .shard_level_metrics
        .iter()
        .map(|it| it.as_str())
        .collect();
    let mut spec = json!({
        "mode": match stream.mode {
            StreamMode::Provisioned => "Provisioned",
            StreamMode::OnDemand => "OnDemand",
        },
        "retention": format!("{}h", stream.retention_hours),
        "maxRecordSize": format!("{}Ki", stream.max_record_size_kib),
        "recordDistribution": match stream.record_distribution {
            RecordDistribution::UserPartitionKey => "UserPartitionKey",
            RecordDistribution::Auto => "Auto",
        },
        "shardLevelMetrics": metrics,
        "tags": stream.tags,
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            spec[name] = value;
        }
    };
    set("resourcePolicy", policy);
    let encryption = stream.encryption.as_ref();
    set(
        "encryption",
        encryption.map(|id| json!({ "keyId": id.as_str() })),
    );
    set(
        "warmThroughputMiBps",
        stream.warm_throughput_mibps.map(Value::from),
    );
    spec
}

/// What is known of a stream: fields of `DataStream.status`.
pub(super) fn facts(stream: &Stream, account: &Account) -> Value {
    let arn = StreamArn {
        region: account.region.clone(),
        account: account.id,
        stream: stream.name.clone(),
    };
    let closed = stream.shards.values().filter(|it| it.status.is_closed());
    json!({
        "streamUid": stream.uid.to_string(),
        "streamARN": arn.to_string(),
        "streamCreationTimestamp": time(stream.created),
        "phase": match stream.status {
            StreamStatus::Creating => "Creating",
            StreamStatus::Active => "Active",
            StreamStatus::Updating => "Updating",
            StreamStatus::Deleting => "Deleting",
        },
        "shards": { "open": stream.open_shard_count(), "closed": closed.count() },
        "consumers": stream.consumers.len(),
        "nextShard": stream.next_shard.index(),
        "nextReshard": stream.next_reshard.number(),
        "epoch": stream.epoch,
    })
}

/// What the API may do only so often: `DataStream.status.recentUses`.
pub(super) fn recent_uses(stream: &Stream) -> Value {
    json!({ "recentUses": {
        "shardCountUpdates": uses(&stream.shard_count_updates),
        "modeSwitches": uses(&stream.mode_switches),
        "encryptionStarts": uses(&stream.encryption_starts),
        "encryptionStops": uses(&stream.encryption_stops),
    }})
}

fn uses(uses: &RecentUses) -> Vec<String> {
    uses.times().iter().copied().map(time).collect()
}

/// The mutable part of `Shard.spec`.
pub(super) fn shard_spec(shard: &Shard) -> Value {
    json!({
        "created": time(shard.created),
        "replicas": shard.replicas.iter().map(PodName::as_str).collect::<Vec<_>>(),
    })
}

/// `Shard.status`, but for who leads and votes: that is not the catalog's to say.
pub(super) fn shard_status(shard: &Shard) -> Value {
    let range = HashKeyRange {
        start: shard.range.start().to_string(),
        end: shard.range.end().to_string(),
    };
    let mut status = json!({
        "phase": match shard.status {
            ShardStatus::Creating => "Creating",
            ShardStatus::Open => "Open",
            ShardStatus::Sealing => "Sealing",
            ShardStatus::Closed { .. } => "Closed",
        },
    });
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            status[name] = Value::from(value);
        }
    };
    set("share", range.share());
    set("openedAt", shard.opened_at.map(time));
    if let ShardStatus::Closed { ending, closed_at } = shard.status {
        set("closedAt", Some(time(closed_at)));
        set("endingSequenceNumber", Some(ending.to_string()));
    }
    status
}

/// `Reshard.status`.
pub(super) fn reshard_status(reshard: &Reshard) -> Value {
    let ids = |ids: &[ShardId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    let running: Vec<_> = reshard
        .running
        .iter()
        .map(|it| json!({ "epoch": it.epoch, "parents": ids(&it.parents), "children": ids(&it.children) }))
        .collect();
    let mut status = json!({
        "phase": match reshard.status {
            ReshardStatus::Running => "Running",
            ReshardStatus::Done { .. } => "Done",
        },
        "number": reshard.id.number(),
        "startedAt": time(reshard.created),
        "shardCountBefore": reshard.shard_count_before,
        "operationsDone": reshard.operations_done,
        "running": running,
    });
    if let ReshardStatus::Done { finished_at } = reshard.status {
        status["finishedAt"] = Value::from(time(finished_at));
    }
    status
}

/// `Reshard.spec`.
pub(super) fn reshard_spec(reshard: &Reshard, stream_object: &str) -> Value {
    let mut spec = json!({ "stream": stream_object, "reason": reshard.reason });
    match &reshard.kind {
        ReshardKind::Split {
            shard,
            new_starting_hash_key,
        } => {
            spec["split"] = json!({
                "shardId": shard.to_string(),
                "hashKey": new_starting_hash_key.to_string(),
            });
        }
        ReshardKind::Merge { shard, adjacent } => {
            spec["merge"] = json!({
                "shardId": shard.to_string(),
                "adjacentShardId": adjacent.to_string(),
            });
        }
        ReshardKind::Uniform { target } => {
            spec["uniform"] = json!({ "targetShardCount": target });
        }
        ReshardKind::Boundaries { added, removed } => {
            let texts = |keys: &[HashKey]| -> Vec<String> {
                keys.iter().map(ToString::to_string).collect()
            };
            spec["boundaries"] = json!({ "add": texts(added), "remove": texts(removed) });
        }
    }
    spec
}

/// The mutable part of `StreamConsumer.spec`.
pub(super) fn consumer_spec(consumer: &Consumer) -> Value {
    let policy = consumer.resource_policy.as_deref();
    let policy = policy.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut spec = json!({ "tags": consumer.tags });
    if let Some(policy) = policy {
        spec["resourcePolicy"] = policy;
    }
    spec
}

/// A time as objects spell it. The catalog's times lie far before the year 9999.
pub(super) fn time(time: Timestamp) -> String {
    Time::from_millis(time.as_millis()).map_or_else(|_| String::new(), |time| time.to_string())
}
