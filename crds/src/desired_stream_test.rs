//! What specs mean, by tables.

use serde_json::{Value, json};

use super::*;

fn object(spec: &Value) -> DataStream {
    serde_json::from_value(json!({
        "apiVersion": "anabranch.dev/v1alpha1",
        "kind": "DataStream",
        "metadata": { "name": "orders" },
        "spec": spec,
    }))
    .expect("typed")
}

#[test]
fn an_empty_spec_is_awss_defaults_under_the_objects_name() {
    let stream = DesiredStream::of(&object(&json!({}))).expect("valid");
    assert_eq!(stream.stream_name, "orders");
    assert_eq!(stream.mode, CapacityMode::Provisioned);
    assert_eq!((stream.shards, stream.shards_at_creation()), (None, 1));
    assert_eq!(
        (stream.retention_hours, stream.max_record_size_kib),
        (24, 1024)
    );
    assert_eq!(
        stream.shard_limits.write_records_per_second.per_second(),
        Some(1000)
    );
    assert_eq!(stream.durability, Durability::Fsync);
    assert_eq!(stream.deletion_policy, DeletionPolicy::Retain);
}

#[test]
fn the_default_in_rust_is_the_default_in_yaml() {
    assert_eq!(object(&json!({})).spec, crate::DataStreamSpec::default());
}

#[test]
fn on_demand_starts_with_four_shards_and_never_below_the_autoscalers_least() {
    let on_demand = DesiredStream::of(&object(&json!({ "mode": "OnDemand" }))).expect("valid");
    assert_eq!(on_demand.shards_at_creation(), 4);
    let bounded = json!({ "autoscaling": { "minShards": 8, "maxShards": 16 } });
    assert_eq!(
        DesiredStream::of(&object(&bounded))
            .expect("valid")
            .shards_at_creation(),
        8
    );
}

#[test]
fn every_field_arrives() {
    let spec = json!({
        "streamName": "Orders_2.eu",
        "shards": 12,
        "retention": "168h",
        "maxRecordSize": "4Mi",
        "shardLimits": { "writeBytesPerSecond": "8Mi", "readCallsPerSecond": "Unlimited" },
        "replication": { "factor": 5 },
        "durability": "Memory",
        "mode": "OnDemand",
        "warmThroughputMiBps": 100,
        "recordDistribution": "Auto",
        "shardLevelMetrics": ["IncomingBytes"],
        "encryption": { "keyId": "alias/orders" },
        "tags": { "team": "shop" },
        "resourcePolicy": { "Version": "2012-10-17", "Statement": [] },
        "deletionPolicy": "Delete",
    });
    let stream = DesiredStream::of(&object(&spec)).expect("valid");
    assert_eq!(stream.stream_name, "Orders_2.eu");
    assert_eq!(
        (stream.retention_hours, stream.max_record_size_kib),
        (168, 4096)
    );
    assert_eq!(
        stream.shard_limits.write_bytes_per_second.per_second(),
        Some(8 << 20)
    );
    assert_eq!(stream.shard_limits.read_calls_per_second.per_second(), None);
    assert_eq!(stream.encryption_key.as_deref(), Some("alias/orders"));
    assert_eq!(stream.warm_throughput_mibps, Some(100));
    assert_eq!(stream.record_distribution, RecordDistribution::Auto);
    let metrics: Vec<&str> = stream
        .shard_level_metrics
        .iter()
        .map(|metric| metric.as_str())
        .collect();
    assert_eq!(metrics, ["IncomingBytes"]);
    assert_eq!(
        stream.resource_policy.as_deref(),
        Some(r#"{"Statement":[],"Version":"2012-10-17"}"#)
    );
}

#[test]
fn a_wrong_value_is_refused_with_its_path() {
    let tags: BTreeMap<String, String> = (0..51)
        .map(|tag| (format!("k{tag}"), String::new()))
        .collect();
    for (spec, path, refusal) in [
        (
            json!({ "streamName": "a b" }),
            "spec.streamName",
            refusal::STREAM_NAME,
        ),
        (
            json!({ "streamName": "" }),
            "spec.streamName",
            refusal::STREAM_NAME,
        ),
        (json!({ "shards": 0 }), "spec.shards", refusal::SHARDS),
        (json!({ "shards": 10_001 }), "spec.shards", refusal::SHARDS),
        (
            json!({ "retention": "23h" }),
            "spec.retention",
            refusal::RETENTION,
        ),
        (
            json!({ "retention": "8761h" }),
            "spec.retention",
            refusal::RETENTION,
        ),
        (
            json!({ "retention": "7d" }),
            "spec.retention",
            refusal::RETENTION,
        ),
        (
            json!({ "retention": "+24h" }),
            "spec.retention",
            refusal::RETENTION,
        ),
        (
            json!({ "maxRecordSize": "11Mi" }),
            "spec.maxRecordSize",
            refusal::MAX_RECORD_SIZE,
        ),
        (
            json!({ "maxRecordSize": "512Ki" }),
            "spec.maxRecordSize",
            refusal::MAX_RECORD_SIZE,
        ),
        (
            json!({ "replication": { "factor": 2 } }),
            "spec.replication.factor",
            refusal::REPLICATION_FACTOR,
        ),
        (
            json!({ "pool": "shared", "podTemplate": {} }),
            "spec.podTemplate",
            refusal::POOL_OR_POD_TEMPLATE,
        ),
        (
            json!({ "autoscaling": { "minShards": 3, "maxShards": 2 } }),
            "spec.autoscaling.minShards",
            refusal::AUTOSCALING_BOUNDS,
        ),
        (
            json!({ "shards": 9, "autoscaling": { "minShards": 2, "maxShards": 8 } }),
            "spec.shards",
            refusal::SHARDS_OUTSIDE_AUTOSCALING,
        ),
        (
            json!({ "encryption": { "keyId": "" } }),
            "spec.encryption.keyId",
            refusal::ENCRYPTION_KEY,
        ),
        (
            json!({ "tags": { "aws:x": "" } }),
            "spec.tags",
            refusal::TAGS,
        ),
        (json!({ "tags": tags }), "spec.tags", refusal::TAGS),
        (
            json!({ "resourcePolicy": { "Version": "1" } }),
            "spec.resourcePolicy",
            refusal::RESOURCE_POLICY,
        ),
    ] {
        assert_eq!(
            DesiredStream::of(&object(&spec)),
            Err(InvalidSpec { path, refusal }),
            "{spec}"
        );
    }
}
