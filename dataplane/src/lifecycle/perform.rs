//! Does what a stream needs: each duty a few steps that may all be taken again.

use std::sync::Arc;

use anabranch_domain::catalog::{
    Change, ChangeError, ConsumerBecameActive, ConsumerGone, Shard, ShardExpired,
    StreamBecameActive, StreamGone,
};
use anabranch_domain::{ConsumerName, StreamName, StreamUid};
use anabranch_store::{StoreError, failpoints as store_failpoints};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tracing::info;

use super::{Duty, failpoints};
use crate::catalog::CatalogError;
use crate::resharding::{Executor, LogsError, Member, ReshardError};

/// Logs of one stream that are made or removed at a time: each asks a disk for work of its own.
const LOGS_AT_ONCE: usize = 4;

/// Whose duty it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    /// The stream.
    pub(super) name: StreamName,
    /// This life of it.
    pub(super) uid: StreamUid,
}

impl Subject {
    fn member<'a>(&'a self, shard: &'a Shard) -> Member<'a> {
        Member {
            stream: &self.name,
            shard,
        }
    }
}

/// Why a duty is not done yet. Trying again goes on where this stopped.
#[derive(Debug, thiserror::Error)]
pub enum DutyError {
    /// The catalog refuses a step or cannot make it durable.
    #[error(transparent)]
    Catalog(CatalogError),
    /// A shard's log failed.
    #[error(transparent)]
    Logs(#[from] LogsError),
    /// A reshard did not get on.
    #[error(transparent)]
    Reshard(#[from] ReshardError),
    /// A test wants it to fail.
    #[error(transparent)]
    Injected(StoreError),
}

/// Does the duty.
pub(super) async fn perform(
    executor: &Executor,
    subject: &Subject,
    duty: Duty,
) -> Result<(), DutyError> {
    match duty {
        Duty::Activate { shards } => activate(executor, subject, &shards).await,
        Duty::Destroy { shards } => destroy(executor, subject, &shards).await,
        Duty::Reshard => Ok(executor.run(&subject.name, subject.uid).await?),
        Duty::SettleConsumers { new, gone } => settle_consumers(executor, subject, new, gone).await,
        Duty::Expire { shards } => expire(executor, subject, &shards).await,
    }
}

/// Every shard's log first, where logs have to be made: a stream that is active takes records.
async fn activate(
    executor: &Executor,
    subject: &Subject,
    shards: &[Arc<Shard>],
) -> Result<(), DutyError> {
    let formed: Vec<_> = shards
        .iter()
        .map(|shard| executor.logs.form(subject.member(shard)))
        .collect();
    stream::iter(formed)
        .buffer_unordered(LOGS_AT_ONCE)
        .try_collect::<()>()
        .await?;
    pass(failpoints::BEFORE_ACTIVE)?;
    let change = StreamBecameActive {
        name: subject.name.clone(),
        uid: subject.uid,
    };
    commit(executor, change.into()).await?;
    info!(stream = %subject.name, "stream active");
    Ok(())
}

/// Records first: as long as the catalog has the stream, nothing of it is forgotten half done.
async fn destroy(
    executor: &Executor,
    subject: &Subject,
    shards: &[Arc<Shard>],
) -> Result<(), DutyError> {
    pass(failpoints::BEFORE_DESTROY)?;
    let removals: Vec<_> = shards
        .iter()
        .map(|shard| executor.logs.destroy(subject.member(shard)))
        .collect();
    stream::iter(removals)
        .buffer_unordered(LOGS_AT_ONCE)
        .try_collect::<()>()
        .await?;
    pass(failpoints::BEFORE_GONE)?;
    let change = StreamGone {
        name: subject.name.clone(),
        uid: subject.uid,
    };
    commit(executor, change.into()).await?;
    info!(stream = %subject.name, "stream gone");
    Ok(())
}

async fn settle_consumers(
    executor: &Executor,
    subject: &Subject,
    new: Vec<ConsumerName>,
    gone: Vec<ConsumerName>,
) -> Result<(), DutyError> {
    for consumer in new {
        let change = ConsumerBecameActive {
            stream: subject.name.clone(),
            consumer,
        };
        commit(executor, change.into()).await?;
    }
    for consumer in gone {
        let change = ConsumerGone {
            stream: subject.name.clone(),
            consumer,
        };
        commit(executor, change.into()).await?;
    }
    Ok(())
}

async fn expire(
    executor: &Executor,
    subject: &Subject,
    shards: &[Arc<Shard>],
) -> Result<(), DutyError> {
    for expired in shards {
        let shard = expired.id;
        pass(failpoints::BEFORE_EXPIRE)?;
        executor.logs.destroy(subject.member(expired)).await?;
        pass(failpoints::BEFORE_EXPIRED)?;
        let change = ShardExpired {
            stream: subject.name.clone(),
            uid: subject.uid,
            shard,
        };
        commit(executor, change.into()).await?;
        info!(stream = %subject.name, %shard, "expired shard forgotten");
    }
    Ok(())
}

/// A change that somebody else made unnecessary meanwhile is as good as made.
async fn commit(executor: &Executor, change: Change) -> Result<(), DutyError> {
    match executor.catalog.commit(change).await {
        Ok(_)
        | Err(CatalogError::Refused(
            ChangeError::StreamNotFound { .. }
            | ChangeError::StreamReplaced { .. }
            | ChangeError::StreamNotDeleting { .. }
            | ChangeError::ConsumerNotFound { .. },
        )) => Ok(()),
        Err(failure) => Err(DutyError::Catalog(failure)),
    }
}

fn pass(point: &'static str) -> Result<(), DutyError> {
    store_failpoints::pass(point).map_err(DutyError::Injected)
}
