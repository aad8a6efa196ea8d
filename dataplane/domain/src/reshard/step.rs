//! What to do next for a reshard: the catalog and the shards' own states in, steps out.

use super::{Operation, next_operations};
use crate::catalog::{FinishedOperation, Reshard, RunningOperation, Shard, Stream};
use crate::{ShardId, ShardPhase, ShardUid, Timestamp};

/// What a shard's log says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardFacts {
    /// Whether it takes records.
    pub phase: ShardPhase,
    /// When its last record came.
    pub last_arrival: Timestamp,
}

/// A thing to do. All that are given at one time may be done at the same time; each may be done again without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Commit [`crate::catalog::BeginOperations`] with new identities for the children.
    Begin(Vec<Operation>),
    /// Form a child's log, awaiting activation. Its records come no earlier than its parents' last.
    Form {
        /// The child.
        shard: ShardId,
        /// Its identity.
        uid: ShardUid,
    },
    /// Commit a seal in a parent's log.
    Seal {
        /// The parent.
        shard: ShardId,
        /// Its identity.
        uid: ShardUid,
        /// The operation.
        epoch: u64,
        /// Who takes over.
        children: Vec<ShardId>,
    },
    /// Commit an activation in a child's log.
    Activate {
        /// The child.
        shard: ShardId,
        /// Its identity.
        uid: ShardUid,
        /// The operation.
        epoch: u64,
    },
    /// Commit [`crate::catalog::FinishOperations`].
    Finish(Vec<FinishedOperation>),
}

/// What to do now for a reshard that is under way. `facts` says what a shard's log says; none: there is no such log.
/// Nothing to do means that the reshard is done, or no longer in the catalog.
pub fn next_steps(
    stream: &Stream,
    reshard: &Reshard,
    facts: impl Fn(ShardUid) -> Option<ShardFacts>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut finished = Vec::new();
    for operation in &reshard.running {
        let of_operation = steps_of(stream, operation, &facts);
        if of_operation.is_empty() {
            let last_arrivals = members(stream, &operation.parents)
                .filter_map(|it| facts(it.uid))
                .map(|it| it.last_arrival);
            finished.push(FinishedOperation {
                epoch: operation.epoch,
                last_arrival: last_arrivals.max().unwrap_or(Timestamp::EPOCH),
            });
        }
        steps.extend(of_operation);
    }
    let to_begin = next_operations(stream, reshard);
    // Where hand-overs are seen from the shards themselves, the last one can be over before the reshard is told so.
    let is_over = reshard.running.is_empty() && to_begin.is_empty();
    if !finished.is_empty() || is_over {
        steps.push(Step::Finish(finished));
    }
    if !to_begin.is_empty() {
        steps.push(Step::Begin(to_begin));
    }
    steps
}

/// Each kind of step waits for all of the kind before it: children's logs, parents' seals, children's activations.
fn steps_of(
    stream: &Stream,
    operation: &RunningOperation,
    facts: &impl Fn(ShardUid) -> Option<ShardFacts>,
) -> Vec<Step> {
    let epoch = operation.epoch;
    let form: Vec<_> = members(stream, &operation.children)
        .filter(|child| facts(child.uid).is_none())
        .map(|child| Step::Form {
            shard: child.id,
            uid: child.uid,
        })
        .collect();
    if !form.is_empty() {
        return form;
    }
    let seal: Vec<_> = members(stream, &operation.parents)
        .filter(|parent| facts(parent.uid).is_none_or(|parent| parent.phase != ShardPhase::Sealed))
        .map(|parent| Step::Seal {
            shard: parent.id,
            uid: parent.uid,
            epoch,
            children: operation.children.clone(),
        })
        .collect();
    if !seal.is_empty() {
        return seal;
    }
    members(stream, &operation.children)
        .filter(|child| {
            facts(child.uid).is_some_and(|child| child.phase == ShardPhase::AwaitingActivation)
        })
        .map(|child| Step::Activate {
            shard: child.id,
            uid: child.uid,
            epoch,
        })
        .collect()
}

fn members<'a>(stream: &'a Stream, ids: &'a [ShardId]) -> impl Iterator<Item = &'a Shard> {
    ids.iter()
        .filter_map(|id| stream.shards.get(id))
        .map(|shard| &**shard)
}
