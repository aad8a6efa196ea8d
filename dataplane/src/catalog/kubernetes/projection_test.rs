//! Snapshots, written as objects and projected back: what comes out is what went in, and no prefix of the writes leaves a hash
//! key without a shard.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_crds::{DataStream, Reshard, Shard, StreamConsumer};
use anabranch_domain::catalog::{
    Account, AddTags, BeginOperations, Change, ConsumerBecameActive, CreateStream,
    FinishOperations, FinishedOperation, IncreaseRetention, NewOperation, RegisterConsumer,
    Resource, ScaleStream, ShardStatus, Snapshot, Stream, StreamBecameActive, StreamMode,
};
use anabranch_domain::quota::Limits;
use anabranch_domain::reshard::next_operations;
use anabranch_domain::{ShardUid, StreamName, StreamUid, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::merge_patch::merge_patch;
use super::objects::{Change as ObjectChange, Event, Objects};
use super::writes::{Kind, Names, Role, Verb, Write, writes};
use super::{NewStreams, accepted_number, projection};

/// An API server in memory: objects as JSON, merge patches, no validation.
#[derive(Default)]
struct Server {
    objects: BTreeMap<(u8, String), Value>,
    version: u64,
}

struct PlainNames;

impl Names for PlainNames {
    fn stream(&self, name: &StreamName) -> String {
        name.as_str().to_owned()
    }

    fn shards(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn reshard(&self, stream: &str, number: u64) -> String {
        format!("{stream}-{number}")
    }

    fn consumer(&self, stream: &str, consumer: &str) -> String {
        super::writes::consumer_object(stream, consumer)
    }

    fn has_account(&self) -> bool {
        false
    }

    fn pool(&self, _: &str) -> String {
        "shared".to_owned()
    }
}

impl Server {
    fn write(&mut self, write: &Write) {
        self.version += 1;
        let key = (write.kind as u8, write.name.clone());
        let object = match &write.verb {
            Verb::Create(body) => {
                let mut object = body.clone();
                object["apiVersion"] = json!("anabranch.dev/v1alpha1");
                object["kind"] = json!(match write.kind {
                    Kind::Stream => "DataStream",
                    Kind::Shard => "Shard",
                    Kind::Reshard => "Reshard",
                    Kind::Consumer => "StreamConsumer",
                    Kind::Account => "ConfigMap",
                });
                object["metadata"]["name"] = json!(write.name);
                object["metadata"]["uid"] = json!(write.name);
                object["metadata"]["creationTimestamp"] = json!("2023-11-14T22:13:20Z");
                object
            }
            Verb::Patch(body) | Verb::PatchStatus(body) => {
                let mut object = self.objects[&key].clone();
                apply(&mut object, body);
                object
            }
            Verb::Delete | Verb::Release => {
                self.objects.remove(&key);
                return;
            }
        };
        let mut object = object;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.objects.insert(key, object);
    }

    /// What a process that lists everything now knows.
    fn listed(&self) -> Objects {
        fn all<T: serde::de::DeserializeOwned>(server: &Server, kind: Kind) -> Vec<T> {
            let of_kind = server
                .objects
                .iter()
                .filter(|((of, _), _)| *of == kind as u8);
            of_kind
                .map(|(_, object)| serde_json::from_value(object.clone()).expect("typed"))
                .collect()
        }
        let mut objects = Objects::default();
        let streams: Vec<DataStream> = all(self, Kind::Stream);
        let shards: Vec<Shard> = all(self, Kind::Shard);
        let reshards: Vec<Reshard> = all(self, Kind::Reshard);
        let consumers: Vec<StreamConsumer> = all(self, Kind::Consumer);
        objects.take(Event::Stream(all_of(streams)));
        objects.take(Event::Shard(all_of(shards)));
        objects.take(Event::Reshard(all_of(reshards)));
        objects.take(Event::Consumer(all_of(consumers)));
        objects
    }
}

fn all_of<T>(objects: Vec<T>) -> ObjectChange<T> {
    let unread = BTreeSet::new();
    ObjectChange::Replaced { objects, unread }
}

fn apply(object: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            object.as_object_mut().expect("an object").remove(name);
        } else {
            apply(&mut object[name], value);
        }
    }
}

/// A catalog whose only truth is the server: each change is decided on what is projected, and written back.
struct World {
    server: Server,
    snapshot: Snapshot,
    now: Timestamp,
    next_uid: u128,
}

impl World {
    fn new(shards: u32) -> Self {
        let account = Account::new(
            "000000000000".parse().expect("an account"),
            "us-east-1".parse().expect("a region"),
        );
        let mut world = Self {
            server: Server::default(),
            snapshot: Snapshot::new(account, Limits::unlimited()),
            now: Timestamp::from_secs(1_700_000_000),
            next_uid: 100,
        };
        let create = CreateStream {
            name: World::name(),
            uid: StreamUid::from_bits(1),
            mode: StreamMode::Provisioned,
            shard_uids: (0..shards).map(|_| world.uid()).collect(),
            tags: BTreeMap::new(),
            max_record_size_kib: None,
            warm_throughput_mibps: None,
            record_distribution: None,
        };
        let (after, touched) = world
            .snapshot
            .apply(&create.into(), world.now)
            .expect("accepted");
        let empty = world.snapshot.clone();
        for role in [Role::Gateway, Role::Operator] {
            for write in writes(
                &empty,
                &after,
                &touched,
                role,
                &PlainNames,
                &NewStreams::default(),
            ) {
                world.server.write(&write);
            }
        }
        world.look();
        let active = StreamBecameActive {
            name: World::name(),
            uid: StreamUid::from_bits(1),
        };
        world.commit(active, Role::Operator, usize::MAX);
        world
    }

    fn name() -> StreamName {
        "clicks".parse().expect("a name")
    }

    fn uid(&mut self) -> ShardUid {
        self.next_uid += 1;
        ShardUid::from_bits(self.next_uid)
    }

    fn stream(&self) -> &Stream {
        self.snapshot.stream("clicks").expect("there")
    }

    /// Projects what the server has. Fails where the shards do not tile.
    fn look(&mut self) {
        let stream = projection::stream(&self.server.listed(), "clicks").expect("readable");
        self.snapshot = self.snapshot.with_stream(stream).expect("the shards tile");
    }

    /// Commits a change, but dies after `writes_max` writes. Looks at the server after each.
    fn commit(&mut self, change: impl Into<Change>, role: Role, writes_max: usize) {
        self.now = self.now.plus(std::time::Duration::from_millis(1_234));
        let (after, touched) = self
            .snapshot
            .apply(&change.into(), self.now)
            .expect("accepted");
        let all = writes(
            &self.snapshot,
            &after,
            &touched,
            role,
            &PlainNames,
            &NewStreams::default(),
        );
        for write in all.iter().take(writes_max) {
            self.server.write(write);
            self.look();
        }
    }

    /// One step of the executor, which dies after `writes_max` writes. Says whether there was one.
    fn step(&mut self, writes_max: usize) -> bool {
        let Some(reshard) = self.stream().running_reshard().cloned() else {
            return false;
        };
        let (stream, uid) = (Self::name(), StreamUid::from_bits(1));
        if !reshard.running.is_empty() {
            let finished = reshard.running.iter().map(|it| FinishedOperation {
                epoch: it.epoch,
                last_arrival: Timestamp::EPOCH,
            });
            let change = FinishOperations {
                stream,
                uid,
                reshard: reshard.id,
                finished: finished.collect(),
            };
            self.commit(change, Role::Operator, writes_max);
            return true;
        }
        let wanted = next_operations(self.stream(), &reshard);
        let operations = wanted.into_iter().map(|operation| NewOperation {
            operation,
            child_uids: (0..operation.child_count()).map(|_| self.uid()).collect(),
        });
        let operations: Vec<_> = operations.collect();
        if operations.is_empty() {
            let change = FinishOperations {
                stream,
                uid,
                reshard: reshard.id,
                finished: Vec::new(),
            };
            self.commit(change, Role::Operator, writes_max);
            return true;
        }
        let change = BeginOperations {
            stream,
            uid,
            reshard: reshard.id,
            operations,
        };
        self.commit(change, Role::Operator, writes_max);
        true
    }

    fn scale(&mut self, target: u32) {
        let change = ScaleStream {
            stream: Self::name(),
            target,
            reason: "a test".to_owned(),
        };
        self.commit(change, Role::Operator, usize::MAX);
    }
}

#[test]
fn settings_and_members_come_back_as_they_were_written() {
    let mut world = World::new(2);
    let name = World::name();
    let tags = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
    let resource = Resource::Stream(name.clone());
    world.commit(
        AddTags {
            resource,
            tags: tags.clone(),
        },
        Role::Gateway,
        usize::MAX,
    );
    let retention = IncreaseRetention {
        stream: name.clone(),
        hours: 168,
    };
    world.commit(retention, Role::Gateway, usize::MAX);
    let consumer = RegisterConsumer {
        stream: name.clone(),
        consumer: "app".parse().expect("a name"),
        tags: BTreeMap::new(),
    };
    world.commit(consumer, Role::Gateway, usize::MAX);
    let active = ConsumerBecameActive {
        stream: name,
        consumer: "app".parse().expect("a name"),
    };
    world.commit(active, Role::Operator, usize::MAX);
    let stream = world.stream();
    assert_eq!((stream.retention_hours, &stream.tags), (168, &tags));
    assert_eq!(stream.consumers.len(), 1);
    assert_eq!(stream.open_shard_count(), 2);
}

#[test]
fn a_reshard_that_runs_through_ends_as_in_one_process() {
    let mut world = World::new(3);
    world.scale(7);
    while world.step(usize::MAX) {}
    assert_eq!(world.stream().open_shard_count(), 7);
    world.scale(2);
    while world.step(usize::MAX) {}
    assert_eq!(world.stream().open_shard_count(), 2);
    let closed = |it: &&std::sync::Arc<anabranch_domain::catalog::Shard>| it.status.is_closed();
    for parent in world.stream().shards.values().filter(closed) {
        let children = world.stream().shards.values();
        let children = children.filter(|it| it.parents().any(|id| id == parent.id));
        for child in children {
            assert!(child.created > parent.created, "{} {}", parent.id, child.id);
        }
    }
}

#[test]
fn a_patch_is_what_the_difference_of_two_values_says() {
    let (before, after) = (json!({"a": 1, "b": {"c": 2}}), json!({"b": {"d": 3}}));
    let mut patched = before.clone();
    apply(
        &mut patched,
        &merge_patch(&before, &after).expect("they differ"),
    );
    assert_eq!(patched, after);
}

#[test]
fn a_reshard_gets_its_number_from_its_status_or_its_maker() {
    let mut world = World::new(1);
    world.scale(2);
    let objects = world.server.listed();
    let numbers: Vec<_> = objects.reshards_of("clicks").map(accepted_number).collect();
    assert_eq!(numbers, [Some(0)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The executor dies after any number of writes, any number of times; whoever looks in between sees shards that tile
    /// (`World::look` fails otherwise), no shard's number is used twice, and in the end the reshard is done.
    #[test]
    fn no_prefix_of_the_writes_leaves_a_hash_key_without_a_shard(
        shards in 1_u32..6,
        target in 1_u32..9,
        deaths in proptest::collection::vec(0_usize..12, 0..10),
    ) {
        let mut world = World::new(shards);
        world.scale(target);
        for writes_max in deaths {
            world.step(writes_max);
        }
        let mut turns = 0;
        while world.step(usize::MAX) {
            turns += 1;
            prop_assert!(turns < 50, "it never ends");
        }
        prop_assert_eq!(world.stream().open_shard_count(), target);
        let open = world.stream().shards.values().filter(|it| it.status == ShardStatus::Open);
        prop_assert_eq!(open.count(), usize::try_from(target).expect("small"));
    }
}
