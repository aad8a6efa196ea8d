//! The logs of the shards that this process serves itself.

use std::sync::Arc;

use anabranch_domain::catalog::Shard;
use anabranch_domain::reshard::ShardFacts;
use anabranch_domain::{ShardId, ShardUid, Timestamp};
use futures_util::future::BoxFuture;

use super::{LogsError, ShardLogs};
use crate::shard::{Birth, ControlError, ShardHandle, ShardRegistry};

impl ShardLogs for ShardRegistry {
    fn facts<'a>(
        &'a self,
        shard: &'a Shard,
    ) -> BoxFuture<'a, Result<Option<ShardFacts>, LogsError>> {
        Box::pin(async move {
            let settled = served(self, shard).settled().await.map_err(failed)?;
            Ok(Some(ShardFacts {
                phase: settled.phase,
                last_arrival: settled.last_arrival,
            }))
        })
    }

    /// A log of one voter is there when it is first used.
    fn form<'a>(&'a self, shard: &'a Shard) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            served(self, shard).tip().await.map_err(failed)?;
            Ok(())
        })
    }

    fn seal<'a>(
        &'a self,
        shard: &'a Shard,
        epoch: u64,
        children: &'a [ShardId],
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let sealed = served(self, shard).seal(epoch, children.to_vec()).await;
            sealed.map(|_| ()).map_err(of_control)
        })
    }

    fn activate<'a>(
        &'a self,
        shard: &'a Shard,
        epoch: u64,
        floor: Timestamp,
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let activated = served(self, shard).activate(epoch, floor).await;
            activated.map(|_| ()).map_err(of_control)
        })
    }

    fn destroy(&self, shard: ShardUid) -> BoxFuture<'_, Result<(), LogsError>> {
        Box::pin(async move { ShardRegistry::destroy(self, shard).await.map_err(failed) })
    }
}

fn served(shards: &ShardRegistry, shard: &Shard) -> Arc<ShardHandle> {
    shards.shard(shard.uid, Birth::of(shard))
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> LogsError {
    LogsError::Failed(Box::new(error))
}

fn of_control(error: ControlError) -> LogsError {
    match error {
        ControlError::Refused(_) => LogsError::Overtaken,
        error => failed(error),
    }
}
