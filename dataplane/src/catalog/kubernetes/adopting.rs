//! A stream that comes back takes over the records that an earlier life of it left behind (`deletionPolicy: Retain`).
//!
//! What outlives a `DataStream` is its `Shard` objects, which nobody owns, and the logs on the pods' disks. A new object of the
//! name gets the old identity, if every log is where its shard says: who asks the pods is the operator.
//! **Invariant:** a shard whose log was not seen is never shown as one that has records.

use std::collections::BTreeSet;

use anabranch_crds::data_stream::{DataStreamStatus, StreamPhase};
use anabranch_crds::{DataStream, Shard as ShardObject, Time, labels};
use anabranch_domain::catalog::{
    Account, Reshard, ReshardKind, ReshardStatus, RunningOperation, Shard, Snapshot, Stream,
};
use anabranch_domain::quota::Limits;
use anabranch_domain::{HashKey, HashKeyRange, PodName, ShardId, ShardUid, StreamName, Timestamp};
use kube::ResourceExt as _;
use serde_json::json;
use tracing::info;

use super::client::Planned;
use super::founding::hold;
use super::writes::{Kind, Verb, Write};
use super::{KubernetesCatalog, NUMBER_ANNOTATION, View, projection, rendering};
use crate::catalog::CatalogError;

/// A shard that an earlier life of a stream left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Retained {
    /// The `DataStream` object that it was made for had this name.
    pub object: String,
    /// Its stream.
    pub stream: StreamName,
    /// The pool that its log lies in.
    pub pool: String,
    /// The shard, as it was written.
    pub shard: Shard,
}

/// A shard that lies in a pool, whoever's it is.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolShard {
    /// The name of its stream.
    pub stream: String,
    /// The shard, and where it is wanted.
    pub shard: Shard,
    /// The pods that vote in it, as was noted last.
    pub voters: Vec<PodName>,
    /// The pod that leads it, as was noted last.
    pub leader: Option<PodName>,
}

/// Whether the shard was made for this very object, and not for another of its name.
pub(super) fn is_made_for(shard: &ShardObject, object: &DataStream) -> bool {
    shard.annotations().get(labels::MADE_FOR) == object.metadata.uid.as_ref()
}

/// Objects of shards that an earlier life of the object's stream left behind: under its own name, or under another that no
/// `DataStream` has now.
pub(super) fn retained_by<'a>(view: &'a View, object: &DataStream) -> Vec<&'a ShardObject> {
    let name = object.name_any();
    let stream = projection::stream_name(object);
    let is_left_behind = |shard: &&ShardObject| {
        if shard.spec.stream == name {
            return !is_made_for(shard, object);
        }
        stream
            .as_ref()
            .is_some_and(|it| it.as_str() == shard.spec.stream_name)
            && !view.objects.streams.contains_key(&shard.spec.stream)
    };
    view.objects
        .shards
        .values()
        .filter(is_left_behind)
        .collect()
}

impl KubernetesCatalog {
    /// The shards that an earlier life of the `DataStream` object's stream left behind.
    pub fn retained(&self, object: &str) -> Result<Vec<Retained>, CatalogError> {
        let view = self.shared.view();
        let Some(object) = view.objects.streams.get(object) else {
            return Ok(Vec::new());
        };
        let retained = retained_by(&view, object).into_iter().map(|shard| {
            let unreadable = |text: String| CatalogError::Unavailable(text);
            Ok(Retained {
                object: shard.spec.stream.clone(),
                stream: shard.spec.stream_name.parse().map_err(|_| {
                    unreadable(format!(
                        "Shard {}: streamName cannot be read",
                        shard.name_any()
                    ))
                })?,
                pool: shard.spec.pool.clone(),
                shard: projection::shard(shard).map_err(|it| unreadable(it.to_string()))?,
            })
        });
        retained.collect()
    }

    /// Makes the object called `name` the stream that its retained shards are of: the same identity, the same shards, the same
    /// numbers. Give what was seen on the pods' disks; where that is not what there is now, nothing is done.
    pub async fn adopt(&self, name: &str, seen: &BTreeSet<ShardUid>) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let planned = {
            let view = self.shared.view();
            let Some(object) = view.objects.streams.get(name) else {
                return Ok(());
            };
            let account = Account::clone(&self.shared.newest.load().account);
            let writes =
                adoption(&view, object, seen, &account).map_err(CatalogError::Unavailable)?;
            Planned::on(&view.objects, writes)
        };
        Self::settle(self.shared.carry_out(planned).await)?;
        info!(
            object = name,
            shards = seen.len(),
            "stream took its records over"
        );
        Ok(())
    }

    /// Every shard of a pool, also of those that no stream has now.
    pub fn shards_in_pool(&self, pool: &str) -> Vec<PoolShard> {
        let view = self.shared.view();
        let members = view
            .objects
            .shards
            .values()
            .filter(|it| it.spec.pool == pool);
        let read = members.filter_map(|it| {
            let status = it.status.as_ref();
            let voters = status.map_or(&[][..], |status| &status.voters);
            Some(PoolShard {
                stream: it.spec.stream_name.clone(),
                shard: projection::shard(it).ok()?,
                voters: voters.iter().filter_map(|pod| pod.parse().ok()).collect(),
                leader: status.and_then(|status| status.leader.as_ref()?.parse().ok()),
            })
        });
        read.collect()
    }
}

/// The writes that make `object` the stream of its retained shards; or why they do not make one.
fn adoption(
    view: &View,
    object: &DataStream,
    seen: &BTreeSet<ShardUid>,
    account: &Account,
) -> Result<Vec<Write>, String> {
    let name = object.name_any();
    let members: Vec<_> = view.objects.shards_of(&name).collect();
    let read = members.iter().map(|it| projection::shard(it));
    let read: Result<Vec<_>, _> = read.collect();
    let read = read.map_err(|unreadable| unreadable.to_string())?;
    if read.iter().map(|shard| shard.uid).collect::<BTreeSet<_>>() != *seen {
        return Err("its shards changed while their logs were looked for".to_owned());
    }
    let uids: BTreeSet<_> = members.iter().map(|it| &it.spec.stream_uid).collect();
    let [uid] = Vec::from_iter(uids)[..] else {
        return Err("its shards are of more than one life of the stream".to_owned());
    };
    let created = read.iter().map(|shard| shard.created).min();
    let created = created.unwrap_or(Timestamp::EPOCH);
    let mut known = object.clone();
    known.status = Some(DataStreamStatus {
        stream_uid: Some(uid.clone()),
        stream_creation_timestamp: Time::from_millis(created.as_millis()).ok(),
        phase: StreamPhase::Active,
        ..object.status.clone().unwrap_or_default()
    });
    let stream = projection::stream_of(&view.objects, &known).map_err(|it| it.to_string())?;
    let under_way = projection::under_way(&view.objects, &name);
    let name_of_stream = stream.name.clone();
    let checked = Snapshot::new(account.clone(), Limits::unlimited()).with_stream(stream);
    let checked = checked.map_err(|gap| format!("its shards do not cover the hash keys: {gap}"))?;
    let stream = &checked.streams[&name_of_stream];

    let mut writes: Vec<_> = hold(object).into_iter().collect();
    if !under_way.is_empty() {
        if view.objects.reshards_of(&name).next().is_some() {
            return Err("the reshards of its earlier life are still being removed".to_owned());
        }
        writes.extend(going_on(stream, &name, under_way));
    }
    writes.push(Write {
        kind: Kind::Stream,
        name: name.clone(),
        stream: name,
        verb: Verb::PatchStatus(json!({ "status": rendering::facts(stream, account) })),
    });
    Ok(writes)
}

/// A `Reshard` that goes on with the splits and merges that were under way when the stream was deleted: its own went with it.
fn going_on(stream: &Stream, object: &str, under_way: Vec<RunningOperation>) -> [Write; 2] {
    let range_of = |id: &ShardId| stream.shards.get(id).map(|shard| shard.range);
    let first = &under_way[0];
    let kind = match (&first.parents[..], &first.children[..]) {
        ([left, right], _) => ReshardKind::Merge {
            shard: *left,
            adjacent: *right,
        },
        (parents, children) => ReshardKind::Split {
            shard: parents[0],
            new_starting_hash_key: children
                .last()
                .and_then(range_of)
                .map_or(HashKey::MIN, HashKeyRange::start),
        },
    };
    let reshard = Reshard {
        id: stream.next_reshard,
        kind,
        reason: "it was under way when the stream was deleted".to_owned(),
        created: stream.created,
        status: ReshardStatus::Running,
        shard_count_before: stream.open_shard_count(),
        running: under_way,
        operations_done: 0,
    };
    let number = reshard.id.number();
    let write = |verb| Write {
        kind: Kind::Reshard,
        name: format!("{object}-{number}"),
        stream: object.to_owned(),
        verb,
    };
    [
        write(Verb::Create(json!({
            "metadata": { "annotations": { NUMBER_ANNOTATION: number.to_string() } },
            "spec": rendering::reshard_spec(&reshard, object),
        }))),
        write(Verb::PatchStatus(
            json!({ "status": rendering::reshard_status(&reshard) }),
        )),
    ]
}

#[cfg(test)]
#[path = "adopting_test.rs"]
mod tests;
