//! The two moments at which the catalog takes part in a split or merge: its children are to be made; they take over.
//!
//! In between, the parents are sealed and the children activated in their own logs. Puts go to the parents until the
//! children take over, so the routable shards tile the ring at every instant.

use std::sync::Arc;

use super::Draft;
use crate::catalog::{
    ChangeError, Reshard, ReshardId, ReshardStatus, RunningOperation, Shard, ShardStatus, Stream,
    StreamStatus,
};
use crate::reshard::{self, Operation};
use crate::{HashKeyRange, SequenceNumber, ShardId, ShardUid, StreamName, StreamUid, Timestamp};

/// A split or merge with the identities of the shards that it makes.
#[derive(Clone, Debug)]
pub struct NewOperation {
    /// Which shards are to be split or merged.
    pub operation: Operation,
    /// One identity for each child: two of a split, one of a merge.
    pub child_uids: Vec<ShardUid>,
}

/// Begins splits and merges of a reshard: writes the children down, with their parents and ranges.
#[derive(Clone, Debug)]
pub struct BeginOperations {
    /// The stream.
    pub stream: StreamName,
    /// This life of it.
    pub uid: StreamUid,
    /// The reshard.
    pub reshard: ReshardId,
    /// What is begun: some of what [`reshard::next_operations`] says is to be done now.
    pub operations: Vec<NewOperation>,
}

impl BeginOperations {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let (mut stream, mut reshard) =
            running_reshard(draft, &self.stream, self.uid, self.reshard)?;
        // What an old executor worked out from older shards is not among these, and is refused.
        let wanted = reshard::next_operations(&stream, &reshard);
        for new in &self.operations {
            if !wanted.contains(&new.operation) {
                let shard = new.operation.first_shard();
                return Err(ChangeError::ShardNotOpen {
                    stream: self.stream.clone(),
                    shard,
                });
            }
            let running = begin(draft, &mut stream, new, now)?;
            reshard.running.push(running);
        }
        // Parents that are being sealed are still where puts go: the routing table stays as it is.
        draft.put_reshard(&mut stream, reshard);
        draft.put_stream(stream);
        Ok(())
    }
}

fn begin(
    draft: &mut Draft,
    stream: &mut Stream,
    new: &NewOperation,
    now: Timestamp,
) -> Result<RunningOperation, ChangeError> {
    let parents = open_parents(stream, new.operation)?;
    let ranges = child_ranges(stream, new.operation, &parents)?;
    if ranges.len() != new.child_uids.len() {
        return Err(ChangeError::WrongIdentityCount {
            given: new.child_uids.len(),
            needed: ranges.len(),
        });
    }
    stream.epoch += 1;
    let epoch = stream.epoch;
    let created = children_created(&parents, now);
    let mut children = Vec::with_capacity(ranges.len());
    for (range, uid) in ranges.into_iter().zip(&new.child_uids) {
        let id = stream.next_shard;
        stream.next_shard = id
            .checked_add(1)
            .ok_or_else(|| ChangeError::ShardIdsExhausted {
                stream: stream.name.clone(),
            })?;
        children.push(id);
        let child = Shard {
            id,
            uid: *uid,
            created,
            opened_at: None,
            range,
            parent: parents.first().map(|parent| parent.id),
            adjacent_parent: parents.get(1).map(|parent| parent.id),
            status: ShardStatus::Creating,
            epoch,
            replicas: Vec::new(),
        };
        draft.put_shard(stream, child);
    }
    let parent_ids = parents.iter().map(|parent| parent.id).collect();
    for parent in parents {
        draft.put_shard(
            stream,
            Shard {
                status: ShardStatus::Sealing,
                epoch,
                ..parent
            },
        );
    }
    Ok(RunningOperation {
        epoch,
        parents: parent_ids,
        children,
    })
}

fn open_parents(stream: &Stream, operation: Operation) -> Result<Vec<Shard>, ChangeError> {
    let open = |id: ShardId| {
        let not_open = || ChangeError::ShardNotOpen {
            stream: stream.name.clone(),
            shard: id,
        };
        let shard = stream
            .shards
            .get(&id)
            .filter(|shard| shard.status == ShardStatus::Open);
        shard.map(|shard| Shard::clone(shard)).ok_or_else(not_open)
    };
    operation.parents().map(open).collect()
}

fn child_ranges(
    stream: &Stream,
    operation: Operation,
    parents: &[Shard],
) -> Result<Vec<HashKeyRange>, ChangeError> {
    match (operation, parents) {
        (Operation::Split { shard, at }, [parent]) => {
            let (start, end) = (parent.range.start(), parent.range.end());
            let stream = || stream.name.clone();
            let out_of_range = || ChangeError::SplitOutOfRange {
                stream: stream(),
                shard,
                key: at,
                start,
                end,
            };
            parent
                .range
                .split_at(at)
                .map(|(left, right)| vec![left, right])
                .ok_or_else(out_of_range)
        }
        (Operation::Merge { left, right }, [first, second]) => {
            let not_adjacent = || ChangeError::NotAdjacent {
                stream: stream.name.clone(),
                first: left,
                second: right,
            };
            first
                .range
                .join(second.range)
                .map(|joined| vec![joined])
                .ok_or_else(not_adjacent)
        }
        _ => unreachable!("a split has one parent and a merge two"),
    }
}

/// The creation time that children's numbers carry: a second after the parents are closed, as AWS's, and a second after
/// the parents' own in any case, so that numbers grow along the lineage whatever the clock does.
fn children_created(parents: &[Shard], closed_at: Timestamp) -> Timestamp {
    let parents_created = parents
        .iter()
        .map(|parent| parent.created.as_secs())
        .max()
        .unwrap_or(0);
    Timestamp::from_secs(parents_created.max(closed_at.as_secs()) + 1)
}

/// An operation whose parents are sealed and whose children are activated, in their logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinishedOperation {
    /// Which one.
    pub epoch: u64,
    /// When the last record of its parents came: they are not closed before that, whatever the clock says.
    pub last_arrival: Timestamp,
}

/// Finishes splits and merges of a reshard: children take over from parents. Ends the reshard when nothing is left of it.
#[derive(Clone, Debug)]
pub struct FinishOperations {
    /// The stream.
    pub stream: StreamName,
    /// This life of it.
    pub uid: StreamUid,
    /// The reshard.
    pub reshard: ReshardId,
    /// What is finished.
    pub finished: Vec<FinishedOperation>,
}

impl FinishOperations {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let (mut stream, mut reshard) =
            running_reshard(draft, &self.stream, self.uid, self.reshard)?;
        for finished in &self.finished {
            let position = reshard
                .running
                .iter()
                .position(|running| running.epoch == finished.epoch);
            let position = position.ok_or_else(|| ChangeError::StaleOperation {
                stream: self.stream.clone(),
                reshard: self.reshard,
                epoch: finished.epoch,
            })?;
            let operation = reshard.running.remove(position);
            reshard.operations_done += 1;
            hand_over(
                draft,
                &mut stream,
                &operation,
                now.max(finished.last_arrival),
            )?;
        }
        if reshard.running.is_empty() && reshard::next_operations(&stream, &reshard).is_empty() {
            reshard.status = ReshardStatus::Done { finished_at: now };
            if stream.status == StreamStatus::Updating {
                stream.status = StreamStatus::Active;
            }
        }
        draft.put_reshard(&mut stream, reshard);
        draft.put_stream(stream);
        Ok(())
    }
}

fn hand_over(
    draft: &mut Draft,
    stream: &mut Stream,
    operation: &RunningOperation,
    closed_at: Timestamp,
) -> Result<(), ChangeError> {
    let parents = operation
        .parents
        .iter()
        .map(|id| member(stream, *id))
        .collect::<Result<Vec<_>, _>>()?;
    let created = children_created(&parents, closed_at);
    for parent in parents {
        let ending = SequenceNumber::ending(parent.created, parent.id, closed_at);
        draft.put_shard(
            stream,
            Shard {
                status: ShardStatus::Closed { ending, closed_at },
                ..parent
            },
        );
    }
    let children = operation
        .children
        .iter()
        .map(|id| member(stream, *id))
        .collect::<Result<Vec<_>, _>>()?;
    let taken_over: Vec<_> = children
        .iter()
        .map(|child| (child.range, child.id))
        .collect();
    stream.open_shards = Arc::new(
        stream
            .open_shards
            .handed_over(&operation.parents, &taken_over)?,
    );
    for child in children {
        draft.put_shard(
            stream,
            Shard {
                status: ShardStatus::Open,
                opened_at: Some(closed_at),
                created,
                ..child
            },
        );
    }
    Ok(())
}

fn member(stream: &Stream, id: ShardId) -> Result<Shard, ChangeError> {
    let not_found = || ChangeError::ShardNotFound {
        stream: stream.name.clone(),
        shard: id,
    };
    stream
        .shards
        .get(&id)
        .map(|shard| Shard::clone(shard))
        .ok_or_else(not_found)
}

fn running_reshard(
    draft: &Draft,
    name: &StreamName,
    uid: StreamUid,
    id: ReshardId,
) -> Result<(Stream, Reshard), ChangeError> {
    let stream = draft.stream_of_uid(name, uid)?;
    let running = stream
        .reshards
        .get(&id)
        .filter(|reshard| reshard.status == ReshardStatus::Running);
    match running {
        Some(reshard) if stream.is_serving() => {
            Ok((Stream::clone(stream), Reshard::clone(reshard)))
        }
        _ => Err(ChangeError::ReshardNotRunning {
            stream: name.clone(),
            reshard: id,
        }),
    }
}
