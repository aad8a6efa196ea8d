//! The node's values as messages, and back. Pure; a message that makes no sense is refused with the field's name.

use anabranch_domain::load_sketch::LoadSketch;
use anabranch_domain::shard_state::AppendToken;
use anabranch_domain::{
    HashKey, HashKeyRange, PodName, ShardId, ShardPhase, ShardUid, StreamName, Timestamp, catalog,
};
use anabranch_proto::shard as pb;
use anabranch_store::entry::{Entry, KeyRing};
use anabranch_store::keys::LogKey;
use anabranch_wire::Text;

use super::{Freshness, NotAppended, ShardTraffic, Subject};
use crate::autoscaling::Counts;
use crate::shard::{
    BatchPart, Birth, Founding, NewRecord, ReadBatch, ReadFrom, ReadLimits, ReplicaId, Resume,
    Settled, Tip,
};

/// A message that no process of ours sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed message: {0}")]
pub(super) struct Malformed(pub(super) &'static str);

/// The parts of a [`Subject`], owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnedSubject {
    pub(super) uid: ShardUid,
    birth: Birth,
    stream: StreamName,
    id: ShardId,
    range: Option<HashKeyRange>,
}

impl OwnedSubject {
    pub(super) fn birth(&self) -> Birth {
        self.birth
    }

    pub(super) fn borrowed(&self) -> Subject<'_> {
        Subject {
            uid: self.uid,
            birth: self.birth,
            stream: &self.stream,
            id: self.id,
            range: self.range,
        }
    }
}

pub(super) fn shard_to(stream: &StreamName, shard: &catalog::Shard) -> pb::Shard {
    pb::Shard {
        uid: shard.uid.to_bytes().to_vec().into(),
        stream: stream.as_str().to_owned(),
        id: shard.id.index(),
        created_ms: shard.created.as_millis(),
        is_child: shard.parent.is_some(),
        founders: Vec::new(),
        is_joining: false,
        range_start: key_to(shard.range.start()),
        range_end: key_to(shard.range.end()),
    }
}

pub(super) fn replica_to(replica: &ReplicaId) -> pb::Replica {
    pb::Replica {
        node: replica.node,
        pod: replica.pod.as_str().to_owned(),
    }
}

pub(super) fn replica_from(replica: &pb::Replica) -> Result<ReplicaId, Malformed> {
    Ok(ReplicaId {
        node: replica.node,
        pod: replica.pod.parse().map_err(|_| Malformed("replica.pod"))?,
    })
}

/// How the shard of a message that asks to form it, or of a disk's list, begins on the disk of `own`.
pub(super) fn founding_from(shard: &pb::Shard, own: &ReplicaId) -> Result<Founding, Malformed> {
    if shard.is_joining {
        return Ok(Founding::Joining);
    }
    let founders: Result<Vec<_>, _> = shard.founders.iter().map(replica_from).collect();
    let mut founders = founders?;
    if founders.is_empty() {
        founders.push(own.clone());
    }
    Ok(Founding::Together(founders))
}

pub(super) fn shard_from(shard: Option<&pb::Shard>) -> Result<OwnedSubject, Malformed> {
    let shard = shard.ok_or(Malformed("shard"))?;
    let created = Timestamp::from_millis(shard.created_ms);
    Ok(OwnedSubject {
        uid: uid_from(&shard.uid)?,
        birth: if shard.is_child {
            Birth::awaiting_activation(created)
        } else {
            Birth::open(created)
        },
        stream: shard
            .stream
            .parse()
            .map_err(|_| Malformed("shard.stream"))?,
        id: ShardId::new(shard.id).map_err(|_| Malformed("shard.id"))?,
        range: range_from(&shard.range_start, &shard.range_end)?,
    })
}

fn key_to(key: HashKey) -> bytes::Bytes {
    key.value().to_be_bytes().to_vec().into()
}

/// A caller of an earlier release says no range.
fn range_from(start: &[u8], end: &[u8]) -> Result<Option<HashKeyRange>, Malformed> {
    if start.is_empty() && end.is_empty() {
        return Ok(None);
    }
    let key = |bytes: &[u8]| {
        let bytes = bytes.try_into().map_err(|_| Malformed("shard.range"))?;
        Ok(HashKey::new(u128::from_be_bytes(bytes)))
    };
    let range = HashKeyRange::new(key(start)?, key(end)?);
    range.map(Some).map_err(|_| Malformed("shard.range"))
}

pub(super) fn uid_from(bytes: &[u8]) -> Result<ShardUid, Malformed> {
    let bytes = bytes.try_into().map_err(|_| Malformed("shard.uid"))?;
    Ok(ShardUid::from_bytes(bytes))
}

pub(super) fn load_to(uid: ShardUid, counts: Counts, sketch: Option<&LoadSketch>) -> pb::Load {
    pb::Load {
        uid: uid.to_bytes().to_vec().into(),
        accepted_bytes: counts.accepted_bytes,
        accepted_records: counts.accepted_records,
        refused_bytes: counts.refused_bytes,
        refused_records: counts.refused_records,
        sketch: sketch.map(LoadSketch::encode).unwrap_or_default().into(),
    }
}

pub(super) fn load_from(load: &pb::Load) -> Result<ShardTraffic, Malformed> {
    let sketch = (!load.sketch.is_empty()).then(|| LoadSketch::decode(&load.sketch));
    Ok(ShardTraffic {
        uid: uid_from(&load.uid)?,
        counts: Counts {
            accepted_bytes: load.accepted_bytes,
            accepted_records: load.accepted_records,
            refused_bytes: load.refused_bytes,
            refused_records: load.refused_records,
        },
        // Of another release: to be without one is to be cut evenly.
        sketch: sketch.and_then(Result::ok),
    })
}

pub(super) fn record_to(record: NewRecord) -> pb::Record {
    pb::Record {
        partition_key: record.partition_key.map(|key| key.to_string()),
        explicit_hash_key: record
            .explicit_hash_key
            .map(|key| key.value().to_be_bytes().to_vec().into())
            .unwrap_or_default(),
        data: record.data,
    }
}

pub(super) fn record_from(record: pb::Record) -> Result<NewRecord, Malformed> {
    let explicit_hash_key = match record.explicit_hash_key.as_ref() {
        [] => None,
        bytes => {
            let bytes = bytes
                .try_into()
                .map_err(|_| Malformed("record.explicit_hash_key"))?;
            Some(HashKey::new(u128::from_be_bytes(bytes)))
        }
    };
    Ok(NewRecord {
        partition_key: record.partition_key.map(Text::from),
        explicit_hash_key,
        data: record.data,
    })
}

pub(super) fn token_to(token: AppendToken) -> bytes::Bytes {
    token.to_bits().to_be_bytes().to_vec().into()
}

pub(super) fn token_from(bytes: &[u8]) -> Result<AppendToken, Malformed> {
    let bytes = bytes.try_into().map_err(|_| Malformed("token"))?;
    Ok(AppendToken::from_bits(u128::from_be_bytes(bytes)))
}

pub(super) fn position_to(from: ReadFrom) -> pb::Position {
    use pb::position::At;
    let at = match from {
        ReadFrom::TrimHorizon => At::TrimHorizon(true),
        ReadFrom::Ordinal(ordinal) => At::Ordinal(ordinal),
        ReadFrom::Timestamp(time) => At::TimestampMs(time.as_millis()),
        ReadFrom::Latest => At::Latest(true),
        ReadFrom::Resume(resume) => At::Resume(resume_to(resume)),
    };
    pb::Position { at: Some(at) }
}

pub(super) fn position_from(position: Option<pb::Position>) -> Result<ReadFrom, Malformed> {
    use pb::position::At;
    let at = position.and_then(|position| position.at);
    Ok(match at.ok_or(Malformed("from"))? {
        At::TrimHorizon(_) => ReadFrom::TrimHorizon,
        At::Ordinal(ordinal) => ReadFrom::Ordinal(ordinal),
        At::TimestampMs(time) => ReadFrom::Timestamp(Timestamp::from_millis(time)),
        At::Latest(_) => ReadFrom::Latest,
        At::Resume(resume) => ReadFrom::Resume(resume_from(resume)),
    })
}

pub(super) fn resume_to(resume: Resume) -> pb::Resume {
    pb::Resume {
        log_index: resume.log_index,
        ordinal: resume.ordinal,
    }
}

pub(super) fn resume_from(resume: pb::Resume) -> Resume {
    Resume {
        log_index: resume.log_index,
        ordinal: resume.ordinal,
    }
}

fn phase_to(phase: ShardPhase) -> pb::Phase {
    match phase {
        ShardPhase::AwaitingActivation => pb::Phase::AwaitingActivation,
        ShardPhase::Open => pb::Phase::Open,
        ShardPhase::Sealed => pb::Phase::Sealed,
    }
}

pub(super) fn phase_from(phase: i32) -> Result<ShardPhase, Malformed> {
    match pb::Phase::try_from(phase) {
        Ok(pb::Phase::AwaitingActivation) => Ok(ShardPhase::AwaitingActivation),
        Ok(pb::Phase::Open) => Ok(ShardPhase::Open),
        Ok(pb::Phase::Sealed) => Ok(ShardPhase::Sealed),
        Err(_) => Err(Malformed("phase")),
    }
}

pub(super) fn tip_to(tip: Tip) -> pb::Tip {
    pb::Tip {
        next_ordinal: tip.next_ordinal,
        last_arrival_ms: tip.last_arrival.as_millis(),
        phase: phase_to(tip.phase).into(),
        end_index: tip.end_index,
    }
}

pub(super) fn tip_from(tip: Option<pb::Tip>) -> Result<Tip, Malformed> {
    let tip = tip.ok_or(Malformed("tip"))?;
    Ok(Tip {
        next_ordinal: tip.next_ordinal,
        last_arrival: Timestamp::from_millis(tip.last_arrival_ms),
        phase: phase_from(tip.phase)?,
        end_index: tip.end_index,
    })
}

pub(super) fn facts_to(settled: &Settled) -> pb::Facts {
    pb::Facts {
        phase: phase_to(settled.phase).into(),
        last_arrival_ms: settled.last_arrival.as_millis(),
        next_ordinal: settled.next_ordinal,
        ..pb::Facts::default()
    }
}

pub(super) fn freshness_to(freshness: Freshness) -> pb::Freshness {
    match freshness {
        Freshness::Applied => pb::Freshness::Applied,
        Freshness::Leading => pb::Freshness::Leading,
        Freshness::Current => pb::Freshness::Current,
    }
}

/// A caller of an earlier release takes what there is.
pub(super) fn freshness_from(freshness: pb::Freshness) -> Freshness {
    match freshness {
        pb::Freshness::Applied => Freshness::Applied,
        pb::Freshness::Leading => Freshness::Leading,
        pb::Freshness::Current => Freshness::Current,
    }
}

pub(super) fn limits_from(request: &pb::ReadRequest) -> ReadLimits {
    ReadLimits {
        records_max: usize::try_from(request.records_max).unwrap_or(usize::MAX),
        bytes_max: usize::try_from(request.bytes_max).unwrap_or(usize::MAX),
        horizon: Timestamp::from_millis(request.horizon_ms),
    }
}

pub(super) fn batch_to(batch: &ReadBatch) -> pb::Batch {
    let pieces = batch.parts().map(|part| pb::Piece {
        log_index: part.entry.key().index,
        header: part.entry.header().to_vec().into(),
        payload: part.entry.payload().clone(),
        skip: part.skip,
        take: part.take,
    });
    pb::Batch {
        pieces: pieces.collect(),
        next: Some(resume_to(batch.next)),
        tip: Some(tip_to(batch.tip)),
    }
}

/// Checks every entry again: what came over the network is as good as what lies on the disk.
pub(super) fn batch_from(
    shard: ShardUid,
    batch: pb::Batch,
    keys: &KeyRing,
) -> Result<ReadBatch, String> {
    let next = batch.next.ok_or("malformed message: next")?;
    let tip = tip_from(batch.tip).map_err(|malformed| malformed.to_string())?;
    let parts = batch.pieces.into_iter().map(|piece| {
        let key = LogKey::new(shard, piece.log_index);
        Ok(BatchPart {
            entry: Entry::from_parts(key, &piece.header, piece.payload)?,
            skip: piece.skip,
            take: piece.take,
        })
    });
    let parts: Result<Vec<_>, anabranch_store::entry::EntryError> = parts.collect();
    let batch = parts.and_then(|parts| ReadBatch::from_parts(resume_from(next), tip, parts, keys));
    batch.map_err(|damaged| damaged.to_string())
}

pub(super) fn refused(why: pb::refused::Why, text: impl std::fmt::Display) -> pb::Refused {
    pb::Refused {
        why: why.into(),
        text: text.to_string(),
        leader: String::new(),
    }
}

pub(super) fn not_leader(leader: Option<&PodName>) -> pb::Refused {
    let leader = leader.map(|pod| pod.as_str().to_owned());
    pb::Refused {
        leader: leader.unwrap_or_default(),
        ..refused(
            pb::refused::Why::NotLeader,
            "this replica does not lead the shard",
        )
    }
}

pub(super) fn not_appended_to(refusal: NotAppended) -> pb::Refused {
    use pb::refused::Why;
    match refusal {
        NotAppended::Later(text) => refused(Why::Later, text),
        NotAppended::Unclear(text) | NotAppended::Broken(text) => refused(Why::Unclear, text),
        NotAppended::Failed(text) => refused(Why::Failed, text),
        NotAppended::Sealed => refused(Why::Sealed, "the shard is sealed"),
        NotAppended::Elsewhere { leader } => not_leader(leader.as_ref()),
    }
}

pub(super) fn not_appended_from(refused: pb::Refused) -> NotAppended {
    use pb::refused::Why;
    match refused.why() {
        // The catalog says by and by where the shard is, or that it takes no records.
        Why::Later | Why::Overtaken | Why::NotHere => NotAppended::Later(refused.text),
        Why::Unclear => NotAppended::Unclear(refused.text),
        Why::Failed => NotAppended::Failed(refused.text),
        Why::Sealed => NotAppended::Sealed,
        Why::NotLeader => NotAppended::Elsewhere {
            leader: refused.leader.parse().ok(),
        },
    }
}
