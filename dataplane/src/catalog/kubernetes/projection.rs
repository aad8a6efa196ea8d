//! Objects in, one stream of the catalog out. Pure.
//!
//! Owns what is derived and not stored (see ADR 2): which shards take puts follows from which are closed, so that readers who
//! see writes one by one, in any order, never see a hole. A split or merge is under way when *all* of its children are
//! there; children without their siblings are not seen at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anabranch_crds::data_stream::StreamPhase;
use anabranch_crds::data_stream::{
    CapacityMode, ReadFrom as WishedSource, RecordDistribution as WishedDistribution,
};
use anabranch_crds::reshard::ReshardPhase;
use anabranch_crds::stream_consumer::StreamConsumerPhase;
use anabranch_crds::{DataStream, DesiredStream, Time};
use anabranch_domain::catalog::{
    Consumer, ConsumerStatus, FanOutSource, RecentUses, RecordDistribution, Reshard, ReshardId,
    ReshardKind, ReshardStatus, RunningOperation, Shard, ShardStatus, Stream, StreamMode,
    StreamStatus,
};
use anabranch_domain::{
    HashKey, HashKeyRange, PodName, ShardId, ShardUid, StreamName, StreamUid, Timestamp,
};
use imbl::OrdMap;
use kube::ResourceExt;

use super::objects::Objects;

/// Why a `DataStream` is no stream of the catalog, or a member no member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {name}: {problem}")]
pub(super) struct Unreadable {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) problem: String,
}

/// The stream's name that a `DataStream` object wishes for.
pub(super) fn stream_name(object: &DataStream) -> Option<StreamName> {
    let name = match &object.spec.stream_name {
        Some(name) => name.clone(),
        None => object.name_any(),
    };
    name.parse().ok()
}

/// The stream of the `DataStream` object called `name`.
pub(super) fn stream(objects: &Objects, name: &str) -> Result<Stream, Unreadable> {
    stream_of(objects, &objects.streams[name])
}

/// The stream that `object` is, with its members among `objects`.
pub(super) fn stream_of(objects: &Objects, object: &DataStream) -> Result<Stream, Unreadable> {
    let name = &object.name_any();
    let unreadable = |problem: String| Unreadable {
        kind: "DataStream",
        name: name.to_owned(),
        problem,
    };
    let wish = DesiredStream::of(object).map_err(|invalid| unreadable(invalid.to_string()))?;
    let stream_name: StreamName = wish
        .stream_name
        .parse()
        .map_err(|_| unreadable("no stream's name".to_owned()))?;
    let status = object.status.clone().unwrap_or_default();
    let uid = match &status.stream_uid {
        Some(uid) => uid
            .parse()
            .map_err(|_| unreadable("status.streamUid".to_owned()))?,
        // Not founded yet: nobody can have used it.
        None => StreamUid::from_bits(0),
    };
    let is_founded = status.stream_uid.is_some();
    // Shards of one that is not founded are half made, or those of an earlier life.
    let shards = if is_founded {
        shards(objects, name, status.phase)?
    } else {
        Shards::default()
    };
    let reshards = reshards(objects, name, &shards)?;
    let is_resharding = reshards
        .values()
        .any(|reshard| reshard.status == ReshardStatus::Running);
    let next_shard = shards
        .every
        .iter()
        .map(|id| id.index() + 1)
        .max()
        .unwrap_or(0)
        .max(status.next_shard);
    let next_reshard = reshards.keys().map(|id| id.number() + 1).max();
    let status_of_stream = if object.metadata.deletion_timestamp.is_some() {
        StreamStatus::Deleting
    } else if !is_founded || status.phase == StreamPhase::Creating {
        StreamStatus::Creating
    } else if is_resharding {
        StreamStatus::Updating
    } else {
        StreamStatus::Active
    };
    Ok(Stream {
        name: stream_name,
        uid,
        created: status
            .stream_creation_timestamp
            .map_or_else(|| created(object), time),
        status: status_of_stream,
        mode: match object.spec.mode {
            CapacityMode::Provisioned => StreamMode::Provisioned,
            CapacityMode::OnDemand => StreamMode::OnDemand,
        },
        retention_hours: wish.retention_hours,
        encryption: match &wish.encryption_key {
            None => None,
            Some(id) => Some(
                id.parse()
                    .map_err(|_| unreadable("spec.encryption.keyId".to_owned()))?,
            ),
        },
        shard_level_metrics: object
            .spec
            .shard_level_metrics
            .iter()
            .filter_map(|metric| serde_json::to_value(metric).ok()?.as_str()?.parse().ok())
            .collect(),
        tags: wish.tags,
        resource_policy: wish.resource_policy,
        max_record_size_kib: wish.max_record_size_kib,
        warm_throughput_mibps: object.spec.warm_throughput_mibps,
        record_distribution: match object.spec.record_distribution {
            WishedDistribution::UserPartitionKey => RecordDistribution::UserPartitionKey,
            WishedDistribution::Auto => RecordDistribution::Auto,
        },
        fan_out_source: match object.spec.replication.read_from {
            WishedSource::Leader => FanOutSource::Leader,
            WishedSource::AnyReplica => FanOutSource::AnyReplica,
        },
        next_shard: ShardId::new(next_shard)
            .map_err(|_| unreadable("shard indexes are used up".to_owned()))?,
        next_reshard: ReshardId::new(next_reshard.unwrap_or(0).max(status.next_reshard)),
        epoch: shards.epoch.max(status.epoch),
        shard_count_updates: uses(&status.recent_uses.shard_count_updates),
        mode_switches: uses(&status.recent_uses.mode_switches),
        encryption_starts: uses(&status.recent_uses.encryption_starts),
        encryption_stops: uses(&status.recent_uses.encryption_stops),
        shards: shards.seen,
        consumers: consumers(objects, name)?,
        reshards,
        open_shards: Arc::default(),
    })
}

/// The shards of one stream.
#[derive(Default)]
struct Shards {
    seen: OrdMap<ShardId, Arc<Shard>>,
    /// Splits and merges whose children are all there and have not all taken over.
    running: Vec<RunningOperation>,
    /// The ids of all objects, of unseen ones too.
    every: BTreeSet<ShardId>,
    epoch: u64,
}

/// A `Shard` object, parsed.
struct Member {
    shard: Shard,
    closed: Option<(anabranch_domain::SequenceNumber, Timestamp)>,
    opened_at: Option<Timestamp>,
}

fn shards(objects: &Objects, stream: &str, phase: StreamPhase) -> Result<Shards, Unreadable> {
    let mut members = BTreeMap::new();
    for object in objects.shards_of(stream) {
        let member = member(object)?;
        members.insert(member.shard.id, member);
    }
    let every: BTreeSet<_> = members.keys().copied().collect();
    let epoch = members.values().map(|member| member.shard.epoch).max();
    let (whole, stillborn) = operations(&members);
    members.retain(|id, _| !stillborn.contains(id));
    let is_under_way = |it: &RunningOperation| {
        let mut children = it.children.iter().filter_map(|id| members.get(id));
        children.any(|child| waits(&members, &child.shard))
    };
    let running = whole.into_iter().filter(is_under_way).collect();
    let is_stream_open = phase != StreamPhase::Creating;
    let seen = members.values().map(|member| {
        let shard = &member.shard;
        let status = status(&members, member, is_stream_open);
        let opened_at = if status == ShardStatus::Creating {
            None
        } else {
            opened_at(&members, member)
        };
        let seen = Shard {
            status,
            opened_at,
            ..shard.clone()
        };
        (shard.id, Arc::new(seen))
    });
    Ok(Shards {
        seen: seen.collect(),
        running,
        every,
        epoch: epoch.unwrap_or(0),
    })
}

/// A `Shard` object as it was written, without what follows from others.
pub(super) fn shard(object: &anabranch_crds::Shard) -> Result<Shard, Unreadable> {
    member(object).map(|member| member.shard)
}

fn member(object: &anabranch_crds::Shard) -> Result<Member, Unreadable> {
    let spec = &object.spec;
    let unreadable = |field: &str| Unreadable {
        kind: "Shard",
        name: object.name_any(),
        problem: format!("{field} cannot be read"),
    };
    let key = |text: &str| text.parse::<HashKey>();
    let start = key(&spec.hash_key_range.start).map_err(|_| unreadable("hashKeyRange"))?;
    let end = key(&spec.hash_key_range.end).map_err(|_| unreadable("hashKeyRange"))?;
    let parents: Result<Vec<ShardId>, _> = spec.parents.iter().map(|id| id.parse()).collect();
    let parents = parents.map_err(|_| unreadable("parents"))?;
    let replicas: Result<Vec<PodName>, _> = spec.replicas.iter().map(|pod| pod.parse()).collect();
    let status = object.status.clone().unwrap_or_default();
    let closed = match (&status.closed_at, &status.ending_sequence_number) {
        (Some(closed_at), Some(ending)) => {
            let ending = ending
                .parse()
                .map_err(|_| unreadable("status.endingSequenceNumber"))?;
            Some((ending, time(*closed_at)))
        }
        _ => None,
    };
    Ok(Member {
        shard: Shard {
            id: spec.shard_id.parse().map_err(|_| unreadable("shardId"))?,
            uid: spec
                .uid
                .parse::<ShardUid>()
                .map_err(|_| unreadable("uid"))?,
            created: time(spec.created),
            opened_at: None,
            range: HashKeyRange::new(start, end).map_err(|_| unreadable("hashKeyRange"))?,
            parent: parents.first().copied(),
            adjacent_parent: parents.get(1).copied(),
            status: ShardStatus::Creating,
            epoch: spec.epoch,
            replicas: replicas.map_err(|_| unreadable("replicas"))?,
        },
        closed,
        opened_at: status.opened_at.map(time),
    })
}

/// Whether a parent of the shard is still to be closed. One that is gone was closed, and has expired.
fn waits(members: &BTreeMap<ShardId, Member>, shard: &Shard) -> bool {
    shard
        .parents()
        .filter_map(|id| members.get(&id))
        .any(|parent| parent.closed.is_none())
}

/// Every split and merge whose parents are still there, and the children that are of none: those whose siblings were never
/// made, because who made them died in between. A shard's epoch is that of the operation that made it, for ever.
fn operations(members: &BTreeMap<ShardId, Member>) -> (Vec<RunningOperation>, BTreeSet<ShardId>) {
    let mut by_epoch: BTreeMap<u64, Vec<&Shard>> = BTreeMap::new();
    for member in members.values() {
        let shard = &member.shard;
        let mut parents = shard.parents().peekable();
        // Parents that are gone have expired: theirs was an operation, and is over.
        if parents.peek().is_some() && parents.all(|id| members.contains_key(&id)) {
            by_epoch.entry(shard.epoch).or_default().push(shard);
        }
    }
    let (mut whole, mut stillborn) = (Vec::new(), BTreeSet::new());
    for (epoch, mut children) in by_epoch {
        children.sort_unstable_by_key(|child| child.range.start());
        let ids = children.iter().map(|child| child.id).collect();
        match parents_covered_by(members, &children) {
            Some(parents) => whole.push(RunningOperation {
                epoch,
                parents,
                children: ids,
            }),
            None => stillborn.extend(ids),
        }
    }
    (whole, stillborn)
}

/// The parents of these children, if the children cover exactly what the parents do.
fn parents_covered_by(
    members: &BTreeMap<ShardId, Member>,
    children: &[&Shard],
) -> Option<Vec<ShardId>> {
    let parents: Vec<ShardId> = children.first()?.parents().collect();
    let of_parents = covered(parents.iter().map(|id| Some(members.get(id)?.shard.range)))?;
    let of_children = covered(children.iter().map(|child| Some(child.range)))?;
    let are_siblings = children
        .iter()
        .all(|child| child.parents().eq(parents.iter().copied()));
    (of_parents == of_children && are_siblings).then_some(parents)
}

/// The objects of a stream's shards that were begun and given up: nothing is on them, and nothing ever will be.
pub(super) fn stillborn(objects: &Objects, stream: &str) -> Vec<String> {
    let members: BTreeMap<_, _> = objects
        .shards_of(stream)
        .filter_map(|object| member(object).ok())
        .map(|member| (member.shard.id, member))
        .collect();
    let (_, stillborn) = operations(&members);
    let of_them = objects.shards_of(stream).filter(|object| {
        let id = object.spec.shard_id.parse();
        id.is_ok_and(|id: ShardId| stillborn.contains(&id))
    });
    of_them.map(ResourceExt::name_any).collect()
}

/// The splits and merges of a stream's shards that are under way, whether or not a `Reshard` says so.
pub(super) fn under_way(objects: &Objects, stream: &str) -> Vec<RunningOperation> {
    let shards = shards(objects, stream, StreamPhase::Active);
    shards.map(|shards| shards.running).unwrap_or_default()
}

/// The one range that neighbours in the order of their keys make up; none where they are no neighbours.
fn covered(ranges: impl Iterator<Item = Option<HashKeyRange>>) -> Option<HashKeyRange> {
    let mut all: Option<HashKeyRange> = None;
    for range in ranges {
        all = Some(match all {
            None => range?,
            Some(before) => before.join(range?)?,
        });
    }
    all
}

fn status(
    members: &BTreeMap<ShardId, Member>,
    member: &Member,
    is_stream_open: bool,
) -> ShardStatus {
    let shard = &member.shard;
    let mut children = members
        .values()
        .filter(|child| child.shard.parents().any(|id| id == shard.id));
    if let Some((ending, closed_at)) = member.closed {
        // Of two that merge, the one that is closed first stays where puts go until the other one is.
        return if children.any(|child| waits(members, &child.shard)) {
            ShardStatus::Sealing
        } else {
            ShardStatus::Closed { ending, closed_at }
        };
    }
    if waits(members, shard) || (shard.parent.is_none() && !is_stream_open) {
        ShardStatus::Creating
    } else if children.next().is_some() {
        ShardStatus::Sealing
    } else {
        ShardStatus::Open
    }
}

fn opened_at(members: &BTreeMap<ShardId, Member>, member: &Member) -> Option<Timestamp> {
    let parents = member.shard.parents().filter_map(|id| members.get(&id));
    let closings = parents.filter_map(|parent| parent.closed.map(|(_, closed_at)| closed_at));
    closings
        .max()
        .or(member.opened_at)
        .or(Some(member.shard.created))
}

fn reshards(
    objects: &Objects,
    stream: &str,
    shards: &Shards,
) -> Result<OrdMap<ReshardId, Arc<Reshard>>, Unreadable> {
    let mut reshards = OrdMap::new();
    let mut running = Some(shards.running.clone());
    for object in objects.reshards_of(stream) {
        let status = object.status.clone().unwrap_or_default();
        let Some(number) = super::accepted_number(object) else {
            continue;
        };
        if status.phase == ReshardPhase::Failed {
            continue;
        }
        let unreadable = || Unreadable {
            kind: "Reshard",
            name: object.name_any(),
            problem: "the spec cannot be read".to_owned(),
        };
        let is_done = status.phase == ReshardPhase::Done;
        let reshard = Reshard {
            id: ReshardId::new(number),
            kind: reshard_kind(object).ok_or_else(unreadable)?,
            reason: object.spec.reason.clone(),
            created: status.started_at.map_or_else(|| created(object), time),
            status: if is_done {
                let finished_at = status.finished_at.map_or_else(|| created(object), time);
                ReshardStatus::Done { finished_at }
            } else {
                ReshardStatus::Running
            },
            shard_count_before: status.shard_count_before.unwrap_or(0),
            // One reshard of a stream runs at a time: what is under way is its.
            running: if is_done {
                Vec::new()
            } else {
                running.take().unwrap_or_default()
            },
            operations_done: status.operations_done,
        };
        reshards.insert(reshard.id, Arc::new(reshard));
    }
    Ok(reshards)
}

/// What a `Reshard` object asks for; none where its texts cannot be read.
pub(super) fn reshard_kind(object: &anabranch_crds::Reshard) -> Option<ReshardKind> {
    let spec = &object.spec;
    if let Some(split) = &spec.split {
        return Some(ReshardKind::Split {
            shard: split.shard_id.parse().ok()?,
            new_starting_hash_key: split.hash_key.parse().ok()?,
        });
    }
    if let Some(merge) = &spec.merge {
        return Some(ReshardKind::Merge {
            shard: merge.shard_id.parse().ok()?,
            adjacent: merge.adjacent_shard_id.parse().ok()?,
        });
    }
    if let Some(boundaries) = &spec.boundaries {
        let keys = |texts: &[String]| -> Option<Vec<HashKey>> {
            texts.iter().map(|text| text.parse().ok()).collect()
        };
        return Some(ReshardKind::Boundaries {
            added: keys(&boundaries.add)?,
            removed: keys(&boundaries.remove)?,
        });
    }
    let uniform = spec.uniform.as_ref()?;
    Some(ReshardKind::Uniform {
        target: uniform.target_shard_count,
    })
}

fn consumers(
    objects: &Objects,
    stream: &str,
) -> Result<OrdMap<anabranch_domain::ConsumerName, Arc<Consumer>>, Unreadable> {
    let mut consumers = OrdMap::new();
    for object in objects.consumers_of(stream) {
        let name = match &object.spec.consumer_name {
            Some(name) => name.clone(),
            None => object.name_any(),
        };
        let name = name.parse().map_err(|_| Unreadable {
            kind: "StreamConsumer",
            name: object.name_any(),
            problem: "the name cannot be read".to_owned(),
        })?;
        let phase = object.status.as_ref().map(|status| status.phase);
        let consumer = Consumer {
            created: created(object),
            status: if object.metadata.deletion_timestamp.is_some() {
                ConsumerStatus::Deleting
            } else if phase == Some(StreamConsumerPhase::Active) {
                ConsumerStatus::Active
            } else {
                ConsumerStatus::Creating
            },
            tags: object.spec.tags.clone(),
            resource_policy: object
                .spec
                .resource_policy
                .as_ref()
                .map(ToString::to_string),
            name,
        };
        consumers.insert(consumer.name.clone(), Arc::new(consumer));
    }
    Ok(consumers)
}

/// When the API server made the object.
fn created(object: &impl kube::Resource) -> Timestamp {
    let created = object.meta().creation_timestamp.as_ref();
    let seconds = created.and_then(|time| u64::try_from(time.0.as_second()).ok());
    Timestamp::from_secs(seconds.unwrap_or(0))
}

fn time(time: Time) -> Timestamp {
    Timestamp::from_millis(time.as_millis())
}

fn uses(times: &[Time]) -> RecentUses {
    RecentUses::from_times(times.iter().copied().map(time).collect())
}
