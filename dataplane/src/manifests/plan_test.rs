//! Plans against streams of a catalog, and the law that nothing is left after a plan was applied.

use anabranch_crds::{DataStream, DesiredStream};
use anabranch_domain::catalog::{
    Account, Change, CreateStream, Snapshot, Stream, StreamBecameActive, StreamMode,
};
use anabranch_domain::quota::Limits;
use anabranch_domain::{ShardUid, StreamUid, Timestamp};
use serde_json::{Value, json};

use super::plan;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn wish(spec: &Value) -> DesiredStream {
    let object: DataStream = serde_json::from_value(json!({
        "apiVersion": "anabranch.dev/v1alpha1",
        "kind": "DataStream",
        "metadata": { "name": "orders" },
        "spec": spec,
    }))
    .expect("typed");
    DesiredStream::of(&object).expect("valid")
}

fn apply(snapshot: &Snapshot, change: impl Into<Change>) -> Snapshot {
    snapshot.apply(&change.into(), NOW).expect("accepted").0
}

/// A catalog with the stream `orders` of two shards, as the API makes it.
fn catalog() -> Snapshot {
    let account = Account::new(
        "000000000000".parse().expect("an id"),
        "us-east-1".parse().expect("a region"),
    );
    let create = CreateStream {
        name: "orders".parse().expect("a name"),
        uid: StreamUid::from_bits(1),
        mode: StreamMode::Provisioned,
        shard_uids: vec![ShardUid::from_bits(1), ShardUid::from_bits(2)],
        tags: [("old".to_owned(), "1".to_owned())].into(),
        max_record_size_kib: None,
        warm_throughput_mibps: None,
        record_distribution: None,
    };
    let active = StreamBecameActive {
        name: create.name.clone(),
        uid: create.uid,
    };
    apply(
        &apply(&Snapshot::new(account, Limits::aws()), create),
        active,
    )
}

fn orders(snapshot: &Snapshot) -> &Stream {
    snapshot.stream("orders").expect("there")
}

fn planned(spec: &Value, snapshot: &Snapshot) -> Vec<Change> {
    plan::changes(&wish(spec), orders(snapshot)).expect("planned")
}

#[test]
fn a_stream_that_is_as_wished_for_needs_nothing() {
    for spec in [
        json!({ "tags": { "old": "1" } }),
        json!({ "shards": 2, "retention": "24h", "tags": { "old": "1" } }),
    ] {
        assert!(planned(&spec, &catalog()).is_empty(), "{spec}");
    }
}

#[test]
fn each_difference_is_one_change() {
    let old = json!({ "old": "1" });
    for (spec, expected) in [
        (
            json!({ "tags": old, "retention": "48h" }),
            "IncreaseRetention",
        ),
        (
            json!({ "tags": old, "mode": "OnDemand" }),
            "UpdateStreamMode",
        ),
        (
            json!({ "tags": old, "maxRecordSize": "4Mi" }),
            "UpdateMaxRecordSize",
        ),
        (
            json!({ "tags": old, "shardLevelMetrics": ["IncomingBytes"] }),
            "EnableEnhancedMonitoring",
        ),
        (json!({ "tags": { "old": "2" } }), "AddTags"),
        (json!({}), "RemoveTags"),
        (
            json!({ "tags": old, "encryption": { "keyId": "alias/a" } }),
            "StartStreamEncryption",
        ),
        (
            json!({ "tags": old, "resourcePolicy": { "Statement": [] } }),
            "PutResourcePolicy",
        ),
        (json!({ "tags": old, "shards": 3 }), "ScaleStream"),
    ] {
        let changes = planned(&spec, &catalog());
        let names: Vec<String> = changes.iter().map(|change| format!("{change:?}")).collect();
        assert_eq!(changes.len(), 1, "{spec}: {names:?}");
        assert!(names[0].starts_with(expected), "{spec}: {names:?}");
    }
}

#[test]
fn after_a_plan_was_applied_nothing_is_left_but_the_reshard_that_it_began() {
    let spec = json!({
        "retention": "48h", "mode": "OnDemand", "maxRecordSize": "4Mi", "tags": { "new": "1" },
        "recordDistribution": "Auto", "shardLevelMetrics": ["IncomingBytes", "OutgoingBytes"],
        "encryption": { "keyId": "alias/a" }, "resourcePolicy": { "Statement": [] }, "shards": 5,
    });
    let before = catalog();
    let after = planned(&spec, &before)
        .into_iter()
        .fold(before, |snapshot, change| apply(&snapshot, change));
    assert!(orders(&after).running_reshard().is_some());
    let left: Vec<String> = planned(&spec, &after)
        .iter()
        .map(|change| format!("{change:?}"))
        .collect();
    assert!(
        left.len() == 1 && left[0].starts_with("ScaleStream"),
        "{left:?}"
    );
}
