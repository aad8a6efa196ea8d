//! Duties by a table, from streams of a catalog.

use anabranch_domain::catalog::{
    Account, BeginOperations, Change, CreateStream, DeleteStream, FinishOperations,
    FinishedOperation, MergeShards, NewOperation, RegisterConsumer, ReshardId, Snapshot,
    StreamBecameActive, StreamMode,
};
use anabranch_domain::quota::Limits;
use anabranch_domain::reshard::Operation;
use anabranch_domain::{ShardId, ShardUid, StreamName, StreamUid};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const STREAM: StreamUid = StreamUid::from_bits(1);

fn name() -> StreamName {
    "orders".parse().expect("a name")
}

fn shard_id(index: u32) -> ShardId {
    ShardId::new(index).expect("small")
}

fn apply(snapshot: &Snapshot, change: impl Into<Change>) -> Snapshot {
    snapshot.apply(&change.into(), NOW).expect("accepted").0
}

fn created() -> Snapshot {
    let account = Account::new(
        "000000000000".parse().expect("an id"),
        "us-east-1".parse().expect("a region"),
    );
    let create = CreateStream {
        name: name(),
        uid: STREAM,
        mode: StreamMode::Provisioned,
        shard_uids: vec![ShardUid::from_bits(10), ShardUid::from_bits(11)],
        tags: std::collections::BTreeMap::new(),
        max_record_size_kib: None,
        warm_throughput_mibps: None,
        record_distribution: None,
    };
    apply(&Snapshot::new(account, Limits::aws()), create)
}

fn active() -> Snapshot {
    apply(
        &created(),
        StreamBecameActive {
            name: name(),
            uid: STREAM,
        },
    )
}

fn merging() -> Snapshot {
    apply(
        &active(),
        MergeShards {
            stream: name(),
            shard: shard_id(0),
            adjacent: shard_id(1),
            reason: "test".into(),
        },
    )
}

fn merged() -> Snapshot {
    let before = merging();
    let reshard: ReshardId = before
        .stream("orders")
        .and_then(|stream| stream.running_reshard())
        .expect("one")
        .id;
    let operation = Operation::Merge {
        left: shard_id(0),
        right: shard_id(1),
    };
    let new = NewOperation {
        operation,
        child_uids: vec![ShardUid::from_bits(12)],
    };
    let begun = apply(
        &before,
        BeginOperations {
            stream: name(),
            uid: STREAM,
            reshard,
            operations: vec![new],
        },
    );
    let finished = vec![FinishedOperation {
        epoch: 1,
        last_arrival: NOW,
    }];
    apply(
        &begun,
        FinishOperations {
            stream: name(),
            uid: STREAM,
            reshard,
            finished,
        },
    )
}

fn duty(snapshot: &Snapshot, now: Timestamp) -> Option<Duty> {
    Duty::of(snapshot.stream("orders").expect("there"), now)
}

#[test]
fn each_state_has_its_duty() {
    let consumer = || RegisterConsumer {
        stream: name(),
        consumer: "app".parse().expect("a name"),
        tags: std::collections::BTreeMap::new(),
    };
    let deleted = DeleteStream {
        name: name(),
        enforce_consumer_deletion: true,
    };
    let shards = |snapshot: &Snapshot| -> Vec<_> {
        let stream = snapshot.stream("orders").expect("there");
        stream.shards.values().cloned().collect()
    };
    let of_created = shards(&created());
    let of_deleted = shards(&active());
    for (snapshot, expected) in [
        (created(), Some(Duty::Activate { shards: of_created })),
        (active(), None),
        (merging(), Some(Duty::Reshard)),
        (merged(), None),
        (
            apply(&active(), consumer()),
            Some(Duty::SettleConsumers {
                new: vec!["app".parse().expect("a name")],
                gone: Vec::new(),
            }),
        ),
        (
            apply(&active(), deleted),
            Some(Duty::Destroy { shards: of_deleted }),
        ),
    ] {
        assert_eq!(duty(&snapshot, NOW), expected);
    }
}

#[test]
fn closed_shards_expire_when_their_closing_does_and_not_before() {
    let merged = merged();
    let stream = merged.stream("orders").expect("there");
    let due = Duty::due_at(stream).expect("they will expire");
    assert_eq!(duty(&merged, due.minus(Duration::from_millis(1))), None);
    let closed = [shard_id(0), shard_id(1)];
    let shards = closed.map(|id| Arc::clone(&stream.shards[&id])).to_vec();
    assert_eq!(duty(&merged, due), Some(Duty::Expire { shards }));
    assert_eq!(
        Duty::due_at(active().stream("orders").expect("there")),
        None
    );
}
