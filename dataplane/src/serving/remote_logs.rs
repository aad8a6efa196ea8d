//! The logs of shards on pods, for the reshard executor and the keeper: commands that may be given again.

use std::time::Duration;

use anabranch_domain::reshard::ShardFacts;
use anabranch_domain::{ShardId, Timestamp};
use anabranch_proto::shard as pb;
use anabranch_proto::shard::refused::Why;
use futures_util::future::BoxFuture;
use tokio::time::timeout;
use tonic::{Response, Status};

use super::remote::describe;
use super::{RemoteShards, messages};
use crate::resharding::{LogsError, Member, ShardLogs};

/// One command: forming a log or giving a large one's space back takes the disk's time.
const COMMAND_MAX: Duration = Duration::from_secs(30);

/// What a pod said, or why nothing came of asking.
#[derive(Debug, thiserror::Error)]
#[error("shard {shard}: {text}")]
struct PodFailure {
    shard: ShardId,
    text: String,
}

impl ShardLogs for RemoteShards {
    fn facts<'a>(
        &'a self,
        member: Member<'a>,
    ) -> BoxFuture<'a, Result<Option<ShardFacts>, LogsError>> {
        use pb::facts_response::Outcome;
        Box::pin(async move {
            // A shard that is not placed has no log.
            if member.shard.replicas.is_empty() {
                return Ok(None);
            }
            let mut client = self.client_of(member.shard).map_err(failed(member))?;
            let request = pb::FactsRequest {
                shard: Some(messages::shard_to(member.stream, member.shard)),
            };
            match ask(member, client.facts(request)).await?.outcome {
                Some(Outcome::Facts(facts)) => Ok(Some(ShardFacts {
                    phase: messages::phase_from(facts.phase)
                        .map_err(|malformed| failure(member, malformed.to_string()))?,
                    last_arrival: Timestamp::from_millis(facts.last_arrival_ms),
                })),
                Some(Outcome::Refused(refused)) if refused.why() == Why::NotHere => Ok(None),
                Some(Outcome::Refused(refused)) => Err(failure(member, refused.text)),
                None => Err(failure(member, "an answer without one".to_owned())),
            }
        })
    }

    fn form<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let mut client = self.client_of(member.shard).map_err(failed(member))?;
            let request = pb::FormRequest {
                shard: Some(messages::shard_to(member.stream, member.shard)),
            };
            done(member, ask(member, client.form(request)).await?.refused)
        })
    }

    fn seal<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        children: &'a [ShardId],
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let mut client = self.client_of(member.shard).map_err(failed(member))?;
            let request = pb::SealRequest {
                shard: Some(messages::shard_to(member.stream, member.shard)),
                epoch,
                children: children.iter().map(|child| child.index()).collect(),
            };
            done(member, ask(member, client.seal(request)).await?.refused)
        })
    }

    fn activate<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        floor: Timestamp,
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let mut client = self.client_of(member.shard).map_err(failed(member))?;
            let request = pb::ActivateRequest {
                shard: Some(messages::shard_to(member.stream, member.shard)),
                epoch,
                floor_ms: floor.as_millis(),
            };
            done(member, ask(member, client.activate(request)).await?.refused)
        })
    }

    fn destroy<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            // It was never placed: there is nothing to remove.
            if member.shard.replicas.is_empty() {
                return Ok(());
            }
            let mut client = self.client_of(member.shard).map_err(failed(member))?;
            let request = pb::DestroyRequest {
                uid: member.shard.uid.to_bytes().to_vec().into(),
            };
            done(member, ask(member, client.destroy(request)).await?.refused)
        })
    }
}

async fn ask<T>(
    member: Member<'_>,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, LogsError> {
    match timeout(COMMAND_MAX, call).await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) => Err(failed(member)(status)),
        Err(_) => Err(failure(member, format!("no answer within {COMMAND_MAX:?}"))),
    }
}

fn done(member: Member<'_>, refused: Option<pb::Refused>) -> Result<(), LogsError> {
    match refused {
        None => Ok(()),
        Some(refused) if refused.why() == Why::Overtaken => Err(LogsError::Overtaken),
        Some(refused) => Err(failure(member, refused.text)),
    }
}

fn failed(member: Member<'_>) -> impl FnOnce(Status) -> LogsError {
    let shard = member.shard.id;
    move |status| {
        LogsError::Failed(Box::new(PodFailure {
            shard,
            text: describe(&status),
        }))
    }
}

fn failure(member: Member<'_>, text: String) -> LogsError {
    LogsError::Failed(Box::new(PodFailure {
        shard: member.shard.id,
        text,
    }))
}
