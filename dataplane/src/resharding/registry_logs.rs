//! The logs of the shards that this process serves itself.

use std::sync::Arc;

use anabranch_domain::catalog::Shard;
use anabranch_domain::reshard::ShardFacts;
use anabranch_domain::{ShardId, Timestamp};
use futures_util::future::BoxFuture;

use super::{LogsError, Member, ShardLogs};
use crate::shard::{Birth, ControlError, ShardHandle, ShardRegistry};

impl ShardLogs for ShardRegistry {
    fn facts<'a>(
        &'a self,
        member: Member<'a>,
    ) -> BoxFuture<'a, Result<Option<ShardFacts>, LogsError>> {
        Box::pin(async move {
            let settled = served(self, member.shard).settled().await.map_err(failed)?;
            Ok(Some(ShardFacts {
                phase: settled.phase,
                last_arrival: settled.last_arrival,
            }))
        })
    }

    /// A log of one voter is there when it is first used.
    fn form<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            // A new stream may have thousands of shards: they cost nothing before they are used.
            if member.shard.parent.is_some() {
                served(self, member.shard).tip().await.map_err(failed)?;
            }
            Ok(())
        })
    }

    fn seal<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        children: &'a [ShardId],
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let sealed = served(self, member.shard)
                .seal(epoch, children.to_vec())
                .await;
            sealed.map(|_| ()).map_err(of_control)
        })
    }

    fn activate<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        floor: Timestamp,
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let activated = served(self, member.shard).activate(epoch, floor).await;
            activated.map(|_| ()).map_err(of_control)
        })
    }

    fn destroy<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        let uid = member.shard.uid;
        Box::pin(async move { ShardRegistry::destroy(self, uid).await.map_err(failed) })
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
