//! Drives one stream's reshard until nothing is left of it.

use std::collections::HashMap;
use std::sync::Arc;

use anabranch_domain::catalog::{
    BeginOperations, Change, ChangeError, FinishOperations, FinishedOperation, NewOperation,
    Reshard, Shard, Stream,
};
use anabranch_domain::reshard::{Operation, ShardFacts, Step, next_steps};
use anabranch_domain::{ShardId, ShardUid, StreamName, StreamUid, Timestamp};
use anabranch_store::{StoreError, failpoints as store_failpoints};
use futures_util::future::try_join_all;
use tracing::{debug, info};

use super::{LogsError, Member, ShardLogs, failpoints};
use crate::catalog::{Catalog, CatalogError};
use crate::entropy::Entropy;

/// How often in a row a stream may turn out to be another than it was a moment before. Each time somebody else has made
/// progress, so more than a few are a mistake and not bad luck.
const OVERTAKEN_MAX: u32 = 8;

/// Carries out reshards, one stream at a time. Two at once on one stream do no harm, but no good either.
pub struct Executor {
    /// Who is what.
    pub catalog: Arc<dyn Catalog>,
    /// The shards' logs.
    pub logs: Arc<dyn ShardLogs>,
    /// Identities of new shards.
    pub entropy: Arc<dyn Entropy>,
}

/// Why a reshard is not done yet. Trying again goes on where this stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReshardError {
    /// The catalog refuses a step or cannot make it durable.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A shard's log failed.
    #[error(transparent)]
    Logs(LogsError),
    /// A test wants it to fail.
    #[error(transparent)]
    Injected(StoreError),
    /// Others change the stream all the time.
    #[error("overtaken {OVERTAKEN_MAX} times in a row")]
    Overtaken,
}

/// What came of one look at the catalog.
enum Turn {
    /// Something was done: look again.
    Progress,
    /// Somebody else was faster: look again.
    Overtaken,
    /// The reshard is done, or the stream is gone.
    NothingLeft,
}

/// Where a step belongs.
struct Place<'a> {
    stream: &'a Stream,
    reshard: &'a Reshard,
    facts: &'a HashMap<ShardUid, ShardFacts>,
}

impl Place<'_> {
    /// No record of the child may arrive before the last one of its parents did, whatever a clock says.
    fn arrival_floor(&self, child: &Shard) -> Timestamp {
        let parents = child.parents().filter_map(|id| self.stream.shards.get(&id));
        let last_arrivals = parents
            .filter_map(|parent| self.facts.get(&parent.uid))
            .map(|facts| facts.last_arrival);
        last_arrivals.max().unwrap_or(Timestamp::EPOCH)
    }
}

impl Executor {
    /// Goes on with the stream's reshard until nothing is left of it.
    pub async fn run(&self, stream: &StreamName, uid: StreamUid) -> Result<(), ReshardError> {
        let mut overtaken = 0;
        while overtaken < OVERTAKEN_MAX {
            match self.turn(stream, uid).await? {
                Turn::Progress => overtaken = 0,
                Turn::Overtaken => overtaken += 1,
                Turn::NothingLeft => return Ok(()),
            }
        }
        Err(ReshardError::Overtaken)
    }

    /// Looks, and takes every step that can be taken now, all at the same time.
    async fn turn(&self, name: &StreamName, uid: StreamUid) -> Result<Turn, ReshardError> {
        let snapshot = self.catalog.snapshot();
        let Some(stream) = snapshot
            .stream(name.as_str())
            .filter(|stream| stream.uid == uid && stream.is_serving())
        else {
            return Ok(Turn::NothingLeft);
        };
        let Some(reshard) = stream.running_reshard() else {
            return Ok(Turn::NothingLeft);
        };
        let facts = match self.facts(stream, reshard).await {
            Ok(facts) => facts,
            Err(failure) => return or_overtaken(failure),
        };
        let steps = next_steps(stream, reshard, |uid| facts.get(&uid).copied());
        if steps.is_empty() {
            return Ok(Turn::NothingLeft);
        }
        let place = Place {
            stream,
            reshard,
            facts: &facts,
        };
        match try_join_all(steps.into_iter().map(|step| self.take(&place, step))).await {
            Ok(_) => Ok(Turn::Progress),
            Err(failure) => or_overtaken(failure),
        }
    }

    /// What the logs of all shards under way say of themselves.
    async fn facts(
        &self,
        stream: &Stream,
        reshard: &Reshard,
    ) -> Result<HashMap<ShardUid, ShardFacts>, ReshardError> {
        let involved = reshard
            .running
            .iter()
            .flat_map(|operation| operation.parents.iter().chain(&operation.children));
        let shards = involved.filter_map(|id| stream.shards.get(id));
        let asked = shards.map(|shard| async {
            let facts = self
                .logs
                .facts(Member::of(stream, shard))
                .await
                .map_err(ReshardError::Logs)?;
            Ok::<_, ReshardError>(facts.map(|facts| (shard.uid, facts)))
        });
        Ok(try_join_all(asked).await?.into_iter().flatten().collect())
    }

    async fn take(&self, place: &Place<'_>, step: Step) -> Result<(), ReshardError> {
        let stream = place.stream;
        match step {
            Step::Begin(operations) => self.begin(place, operations).await,
            Step::Form { shard, .. } => {
                pass(failpoints::BEFORE_FORM)?;
                self.logs
                    .form(Member::of(stream, member(stream, shard)?))
                    .await
                    .map_err(ReshardError::Logs)
            }
            Step::Seal {
                shard,
                epoch,
                children,
                ..
            } => {
                pass(failpoints::BEFORE_SEAL)?;
                self.logs
                    .seal(Member::of(stream, member(stream, shard)?), epoch, &children)
                    .await
                    .map_err(ReshardError::Logs)?;
                debug!(stream = %stream.name, %shard, epoch, "shard sealed");
                Ok(())
            }
            Step::Activate { shard, epoch, .. } => {
                pass(failpoints::BEFORE_ACTIVATE)?;
                let child = member(stream, shard)?;
                self.logs
                    .activate(Member::of(stream, child), epoch, place.arrival_floor(child))
                    .await
                    .map_err(ReshardError::Logs)
            }
            Step::Finish(finished) => self.finish(place, finished).await,
        }
    }

    async fn begin(
        &self,
        place: &Place<'_>,
        operations: Vec<Operation>,
    ) -> Result<(), ReshardError> {
        pass(failpoints::BEFORE_BEGIN)?;
        let new = |operation: Operation| NewOperation {
            operation,
            child_uids: (0..operation.child_count())
                .map(|_| ShardUid::from_bits(self.entropy.random_u128()))
                .collect(),
        };
        let change = BeginOperations {
            stream: place.stream.name.clone(),
            uid: place.stream.uid,
            reshard: place.reshard.id,
            operations: operations.into_iter().map(new).collect(),
        };
        self.commit(change.into()).await
    }

    async fn finish(
        &self,
        place: &Place<'_>,
        finished: Vec<FinishedOperation>,
    ) -> Result<(), ReshardError> {
        pass(failpoints::BEFORE_FINISH)?;
        let count = finished.len();
        let change = FinishOperations {
            stream: place.stream.name.clone(),
            uid: place.stream.uid,
            reshard: place.reshard.id,
            finished,
        };
        self.commit(change.into()).await?;
        info!(stream = %place.stream.name, reshard = %place.reshard.id, count, "operations of a reshard finished");
        pass(failpoints::AFTER_FINISH)
    }

    async fn commit(&self, change: Change) -> Result<(), ReshardError> {
        self.catalog.commit(change).await?;
        Ok(())
    }
}

/// The shard of a step. The steps come from the same snapshot, so that it is there unless the catalog is damaged.
fn member(stream: &Stream, shard: ShardId) -> Result<&Shard, ReshardError> {
    let missing = || {
        CatalogError::Refused(ChangeError::ShardNotFound {
            stream: stream.name.clone(),
            shard,
        })
    };
    stream
        .shards
        .get(&shard)
        .map(|shard| &**shard)
        .ok_or_else(|| missing().into())
}

/// Being overtaken is no failure: the one who did it has changed what there is to do.
fn or_overtaken(failure: ReshardError) -> Result<Turn, ReshardError> {
    match failure {
        ReshardError::Logs(LogsError::Overtaken)
        | ReshardError::Catalog(CatalogError::Refused(
            ChangeError::StaleOperation { .. }
            | ChangeError::ReshardNotRunning { .. }
            | ChangeError::ShardNotOpen { .. }
            | ChangeError::StreamNotFound { .. }
            | ChangeError::StreamReplaced { .. },
        )) => Ok(Turn::Overtaken),
        failure => Err(failure),
    }
}

fn pass(point: &'static str) -> Result<(), ReshardError> {
    store_failpoints::pass(point).map_err(ReshardError::Injected)
}
