//! Two snapshots in, the writes that lead from one to the other out, in their order. Pure.
//!
//! Owns who writes what (see ADR 2): a gateway writes wishes, the operator facts. **Invariant:** what makes children final is
//! written before what closes their parents, since the latter is the hand-over.

use anabranch_domain::catalog::{
    Consumer, ConsumerStatus, ObjectKey, Reshard, ReshardId, ReshardKind, Shard, Snapshot, Stream,
    StreamStatus,
};
use anabranch_domain::{ConsumerArn, ConsumerName, StreamArn, StreamName};
use serde_json::{Value, json};

use super::merge_patch::merge_patch;
use super::object_name::object_name;
use super::{NUMBER_ANNOTATION, NewStreams, account, rendering};

/// Which process writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Writes what users wish for through the API.
    Gateway,
    /// Writes what is.
    Operator,
    /// Writes nothing.
    ShardPod,
}

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Stream,
    Shard,
    Reshard,
    Consumer,
    Account,
}

/// What is done to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verb {
    /// It is made, from this JSON. Owned by the stream's object where it is of one.
    Create(Value),
    /// Its spec and metadata are changed.
    Patch(Value),
    /// Its status is changed.
    PatchStatus(Value),
    /// It goes.
    Delete,
    /// Nothing of ours keeps it any more.
    Release,
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Write {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The `DataStream` object that it belongs to.
    pub(super) stream: String,
    pub(super) verb: Verb,
}

/// Names that only the objects know.
pub(super) trait Names {
    /// The `DataStream` object of a stream.
    fn stream(&self, name: &StreamName) -> String;
    /// Every `Shard` object of a stream's, whether or not it is seen.
    fn shards(&self, stream: &str) -> Vec<String>;
    /// The `Reshard` object with this number of a stream's.
    fn reshard(&self, stream: &str, number: u64) -> String;
    /// The `StreamConsumer` object of a consumer.
    fn consumer(&self, stream: &str, consumer: &str) -> String;
    /// Whether anything is kept of the account.
    fn has_account(&self) -> bool;
    /// The pool that a stream's shards are placed in.
    fn pool(&self, stream: &str) -> String;
}

/// Plain names: for objects that are not there yet.
pub(super) fn shard_object(stream: &str, shard: &Shard) -> String {
    format!("{stream}-{}", shard.id.index())
}

pub(super) fn consumer_object(stream: &str, consumer: &str) -> String {
    object_name(&format!("{stream}-{consumer}"))
}

/// The writes that carry out what `touched` names.
pub(super) fn writes(
    before: &Snapshot,
    after: &Snapshot,
    touched: &[ObjectKey],
    role: Role,
    names: &dyn Names,
    new: &NewStreams,
) -> Vec<Write> {
    let mut planner = Planner {
        before,
        after,
        names,
        writes: Vec::new(),
    };
    match role {
        Role::Gateway => planner.wishes(touched, new),
        Role::Operator => planner.facts(touched),
        Role::ShardPod => {}
    }
    planner.writes
}

struct Planner<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    names: &'a dyn Names,
    writes: Vec<Write>,
}

impl<'a> Planner<'a> {
    fn push(&mut self, kind: Kind, name: String, stream: &str, verb: Verb) {
        let stream = stream.to_owned();
        self.writes.push(Write {
            kind,
            name,
            stream,
            verb,
        });
    }

    fn patch(&mut self, kind: Kind, name: &str, stream: &str, spec: Option<Value>) {
        if let Some(spec) = spec {
            let verb = Verb::Patch(json!({ "spec": spec }));
            self.push(kind, name.to_owned(), stream, verb);
        }
    }

    fn patch_status(&mut self, kind: Kind, name: &str, stream: &str, status: Option<Value>) {
        if let Some(status) = status {
            let verb = Verb::PatchStatus(json!({ "status": status }));
            self.push(kind, name.to_owned(), stream, verb);
        }
    }

    fn streams(&self, name: &StreamName) -> (Option<&'a Stream>, Option<&'a Stream>) {
        let of = |snapshot: &'a Snapshot| snapshot.streams.get(name).map(|stream| &**stream);
        (of(self.before), of(self.after))
    }

    fn wishes(&mut self, touched: &[ObjectKey], new: &NewStreams) {
        for object in touched {
            match object {
                ObjectKey::Stream(name) => self.wish_stream(name, new),
                ObjectKey::Reshard(name, id) => {
                    let (before, after) = self.streams(name);
                    let is_new = before.is_none_or(|it| !it.reshards.contains_key(id));
                    let reshard = after.and_then(|it| it.reshards.get(id));
                    if let (true, Some(reshard), Some(after)) = (is_new, reshard, after) {
                        self.create_reshard(name, reshard);
                        let wanted = wanted_shards(after, reshard);
                        let stream = self.names.stream(name);
                        let spec = Some(json!({ "shards": wanted }));
                        self.patch(Kind::Stream, &stream, &stream, spec);
                    }
                }
                ObjectKey::Consumer(name, id) => {
                    let (before, after) = self.streams(name);
                    let of = |stream: Option<&'a Stream>| stream?.consumers.get(id);
                    let stream = self.names.stream(name);
                    let consumer = self.names.consumer(&stream, id.as_str());
                    match (of(before), of(after)) {
                        (None, Some(new)) => {
                            let mut spec = rendering::consumer_spec(new);
                            spec["stream"] = Value::from(stream.clone());
                            spec["consumerName"] = Value::from(id.as_str());
                            let verb = Verb::Create(json!({ "spec": spec }));
                            self.push(Kind::Consumer, consumer, &stream, verb);
                        }
                        (Some(_), Some(new)) if is_leaving(new) => {
                            self.push(Kind::Consumer, consumer, &stream, Verb::Delete);
                        }
                        (Some(old), Some(new)) => {
                            let (old, new) =
                                (rendering::consumer_spec(old), rendering::consumer_spec(new));
                            let spec = merge_patch(&old, &new);
                            self.patch(Kind::Consumer, &consumer, &stream, spec);
                        }
                        (_, None) => self.push(Kind::Consumer, consumer, &stream, Verb::Delete),
                    }
                }
                ObjectKey::Account => self.wish_account(),
                ObjectKey::Shard(..) => {}
            }
        }
    }

    fn wish_account(&mut self) {
        if self.before.account == self.after.account {
            return;
        }
        let data = account::data(&self.after.account);
        let verb = if self.names.has_account() {
            Verb::Patch(data)
        } else {
            Verb::Create(data)
        };
        self.push(Kind::Account, account::OBJECT.to_owned(), "", verb);
    }

    fn wish_stream(&mut self, name: &StreamName, made: &NewStreams) {
        let (before, after) = self.streams(name);
        match (before, after) {
            (None, Some(new)) => {
                let object = object_name(name.as_str());
                let mut spec = rendering::wish(new);
                spec["streamName"] = Value::from(name.as_str());
                spec["shards"] = Value::from(new.shards.len());
                // The API knows neither copies nor pods.
                spec["replication"] = json!({ "factor": made.replication_factor });
                // What the API makes, the API can delete.
                spec["deletionPolicy"] = Value::from("Delete");
                if let Some(pool) = &made.pool {
                    spec["pool"] = Value::from(pool.as_str());
                }
                let verb = Verb::Create(json!({ "spec": spec }));
                self.push(Kind::Stream, object.clone(), &object, verb);
            }
            (Some(old), Some(new)) => {
                let object = self.names.stream(name);
                let is_deletion =
                    new.status == StreamStatus::Deleting && old.status != StreamStatus::Deleting;
                if is_deletion {
                    let spec = Some(json!({ "deletionPolicy": "Delete" }));
                    self.patch(Kind::Stream, &object, &object, spec);
                    self.push(Kind::Stream, object.clone(), &object, Verb::Delete);
                    return;
                }
                let spec = merge_patch(&rendering::wish(old), &rendering::wish(new));
                self.patch(Kind::Stream, &object, &object, spec);
                let uses = merge_patch(&rendering::recent_uses(old), &rendering::recent_uses(new));
                self.patch_status(Kind::Stream, &object, &object, uses);
            }
            (_, None) => {}
        }
    }

    fn create_reshard(&mut self, name: &StreamName, reshard: &Reshard) {
        let stream = self.names.stream(name);
        let number = reshard.id.number();
        let object = json!({
            "metadata": { "annotations": { NUMBER_ANNOTATION: number.to_string() } },
            "spec": rendering::reshard_spec(reshard, &stream),
        });
        let name = format!("{stream}-{number}");
        self.push(Kind::Reshard, name, &stream, Verb::Create(object));
    }

    fn facts(&mut self, touched: &[ObjectKey]) {
        let (mut closing, mut last) = (Vec::new(), Vec::new());
        for object in touched {
            match object {
                ObjectKey::Shard(name, id) => {
                    let (before, after) = self.streams(name);
                    let of = |stream: Option<&'a Stream>| stream?.shards.get(id).map(|it| &**it);
                    let (old, new) = (of(before), of(after));
                    let closes = new.is_some_and(|new| new.status.is_closed());
                    if closes {
                        closing.push((name, old, new));
                    } else {
                        self.shard(name, old, new);
                    }
                }
                ObjectKey::Stream(_) | ObjectKey::Reshard(..) | ObjectKey::Consumer(..) => {
                    last.push(object);
                }
                ObjectKey::Account => {}
            }
        }
        for (name, old, new) in closing {
            self.shard(name, old, new);
        }
        for object in last {
            match object {
                ObjectKey::Stream(name) => self.stream_facts(name),
                ObjectKey::Reshard(name, id) => self.reshard_facts(name, *id),
                ObjectKey::Consumer(name, id) => self.consumer_facts(name, id),
                _ => {}
            }
        }
    }

    fn shard(&mut self, name: &StreamName, old: Option<&Shard>, new: Option<&Shard>) {
        let stream = self.names.stream(name);
        match (old, new) {
            (None, Some(new)) => {
                let object = shard_object(&stream, new);
                let after = self.streams(name).1;
                let uid = after.map(|it| it.uid.to_string()).unwrap_or_default();
                let mut spec = rendering::shard_spec(new);
                let parents: Vec<_> = new.parents().map(|id| id.to_string()).collect();
                for (field, value) in [
                    ("stream", Value::from(stream.clone())),
                    ("streamName", Value::from(name.as_str())),
                    ("streamUid", Value::from(uid)),
                    ("shardId", Value::from(new.id.to_string())),
                    ("uid", Value::from(new.uid.to_string())),
                    // Of the operation that makes it: written once, so that siblings are known by it for ever.
                    ("epoch", Value::from(new.epoch)),
                    ("parents", Value::from(parents)),
                    ("pool", Value::from(self.names.pool(&stream))),
                    (
                        "hashKeyRange",
                        json!({
                            "start": new.range.start().to_string(),
                            "end": new.range.end().to_string(),
                        }),
                    ),
                ] {
                    spec[field] = value;
                }
                let verb = Verb::Create(json!({ "spec": spec }));
                self.push(Kind::Shard, object.clone(), &stream, verb);
                let status = Some(rendering::shard_status(new));
                self.patch_status(Kind::Shard, &object, &stream, status);
            }
            (Some(old), Some(new)) => {
                let object = shard_object(&stream, new);
                let spec = merge_patch(&rendering::shard_spec(old), &rendering::shard_spec(new));
                self.patch(Kind::Shard, &object, &stream, spec);
                // Whole, and not a difference: a phase follows from other objects, and the stored one may be behind.
                let status = (rendering::shard_status(old) != rendering::shard_status(new))
                    .then(|| rendering::shard_status(new));
                self.patch_status(Kind::Shard, &object, &stream, status);
            }
            (Some(old), None) => {
                let object = shard_object(&stream, old);
                self.push(Kind::Shard, object, &stream, Verb::Delete);
            }
            (None, None) => {}
        }
    }

    fn stream_facts(&mut self, name: &StreamName) {
        let stream = self.names.stream(name);
        let (before, after) = self.streams(name);
        match (before, after) {
            (_, Some(new)) => {
                let old = before.map(|old| rendering::facts(old, &self.before.account));
                let new = rendering::facts(new, &self.after.account);
                let status = (old.as_ref() != Some(&new)).then_some(new);
                self.patch_status(Kind::Stream, &stream, &stream, status);
            }
            (Some(_), None) => {
                for shard in self.names.shards(&stream) {
                    self.push(Kind::Shard, shard, &stream, Verb::Delete);
                }
                // Everything else is owned by the object and goes with it.
                self.push(Kind::Stream, stream.clone(), &stream, Verb::Release);
            }
            (None, None) => {}
        }
    }

    fn reshard_facts(&mut self, name: &StreamName, id: ReshardId) {
        let stream = self.names.stream(name);
        let (before, after) = self.streams(name);
        let of = |stream: Option<&'a Stream>| stream?.reshards.get(&id).map(|it| &**it);
        let object = self.names.reshard(&stream, id.number());
        match (of(before), of(after)) {
            (None, Some(new)) => {
                self.create_reshard(name, new);
                let status = Some(rendering::reshard_status(new));
                self.patch_status(Kind::Reshard, &object, &stream, status);
            }
            (Some(old), Some(new)) => {
                let (old, new) = (
                    rendering::reshard_status(old),
                    rendering::reshard_status(new),
                );
                let status = (old != new).then_some(new);
                self.patch_status(Kind::Reshard, &object, &stream, status);
            }
            (Some(_), None) if after.is_some() => {
                self.push(Kind::Reshard, object, &stream, Verb::Delete);
            }
            _ => {}
        }
    }

    fn consumer_facts(&mut self, name: &StreamName, id: &ConsumerName) {
        let stream = self.names.stream(name);
        let (_, after) = self.streams(name);
        let Some(new) = after.and_then(|it| it.consumers.get(id)) else {
            return;
        };
        let object = self.names.consumer(&stream, id.as_str());
        let account = &self.after.account;
        let arn = ConsumerArn {
            stream_arn: StreamArn {
                region: account.region.clone(),
                account: account.id,
                stream: name.clone(),
            },
            name: id.clone(),
            created_secs: new.created.as_secs(),
        };
        let status = json!({
            "phase": if is_leaving(new) { "Deleting" } else { "Active" },
            "consumerARN": arn.to_string(),
            "creationTimestamp": rendering::time(new.created),
        });
        self.patch_status(Kind::Consumer, &object, &stream, Some(status));
    }
}

fn is_leaving(consumer: &Consumer) -> bool {
    consumer.status == ConsumerStatus::Deleting
}

/// How many shards there will be: what the spec says from now on.
fn wanted_shards(stream: &Stream, reshard: &Reshard) -> u32 {
    match &reshard.kind {
        ReshardKind::Split { .. } => stream.open_shard_count() + 1,
        ReshardKind::Merge { .. } => stream.open_shard_count().saturating_sub(1),
        ReshardKind::Uniform { target } => *target,
        ReshardKind::Boundaries { added, removed } => {
            let count = |keys: &[_]| u32::try_from(keys.len()).unwrap_or(u32::MAX);
            let more = stream.open_shard_count().saturating_add(count(added));
            more.saturating_sub(count(removed))
        }
    }
}
