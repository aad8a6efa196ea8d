//! The logs of shards on pods, for the reshard executor and the keeper: commands that may be given again.

use std::collections::HashSet;
use std::time::Duration;

use anabranch_domain::reshard::ShardFacts;
use anabranch_domain::{PodName, ShardId, ShardPhase, ShardUid, Timestamp};
use anabranch_proto::shard as pb;
use anabranch_proto::shard::refused::Why;
use futures_util::future::{BoxFuture, join_all};
use tokio::time::timeout;
use tonic::{Response, Status};

use super::answers::{Answer, describe};
use super::remote::Client;
use super::{RemoteShards, formed, messages};
use crate::resharding::{LogsError, Member, ShardLogs};
use crate::shard::ReplicaId;

/// One command: forming a log or giving a large one's space back takes the disk's time.
const COMMAND_MAX: Duration = Duration::from_secs(30);

/// A question that needs no work.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// A pod's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Its number.
    pub node: u64,
    /// The shards that were formed on it.
    pub shards: HashSet<ShardUid>,
    /// Whether it is below its reserve: then it takes no records.
    pub is_storage_low: bool,
}

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
        Box::pin(async move {
            // A shard that is not placed has no log.
            let mut found = Ok(None);
            for _ in &member.shard.replicas {
                match self.facts_of_a_replica(member).await {
                    Ok(Some(facts)) if facts.phase == ShardPhase::AwaitingActivation => {
                        let is_formed = self.is_formed(member).await?;
                        return Ok(is_formed.then_some(facts));
                    }
                    Ok(Some(facts)) => return Ok(Some(facts)),
                    // One replica that lost its disk is no shard that lost its log: the next is asked.
                    Ok(None) => {}
                    Err(error) => found = Err(error),
                }
            }
            found
        })
    }

    fn form<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let mut shard = messages::shard_to(member.stream, member.shard);
            let pods = &member.shard.replicas;
            if pods.is_empty() {
                return Err(failure(member, "the shard is not placed yet".to_owned()));
            }
            if pods.len() > 1 {
                shard.founders = self.disks_of(member, pods).await?;
            }
            for pod in pods {
                let mut client = self.client(pod).map_err(failed(member))?;
                let request = pb::FormRequest {
                    shard: Some(shard.clone()),
                };
                done(member, ask(member, client.form(request)).await?.refused)?;
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
            let request = pb::SealRequest {
                shard: Some(messages::shard_to(member.stream, member.shard)),
                epoch,
                children: children.iter().map(|child| child.index()).collect(),
            };
            let said = self.tell_the_leader(member, |mut client| {
                let request = request.clone();
                async move { client.seal(request).await }
            });
            said.await
        })
    }

    fn activate<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        floor: Timestamp,
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let request = pb::ActivateRequest {
                shard: Some(messages::shard_to(member.stream, member.shard)),
                epoch,
                floor_ms: floor.as_millis(),
            };
            let said = self.tell_the_leader(member, |mut client| {
                let request = request.clone();
                async move { client.activate(request).await }
            });
            said.await
        })
    }

    fn destroy<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            // Where it was never placed there is nothing to remove.
            for pod in &member.shard.replicas {
                let mut client = self.client(pod).map_err(failed(member))?;
                let request = pb::DestroyRequest {
                    uid: member.shard.uid.to_bytes().to_vec().into(),
                };
                done(member, ask(member, client.destroy(request)).await?.refused)?;
            }
            Ok(())
        })
    }
}

impl RemoteShards {
    async fn facts_of_a_replica(
        &self,
        member: Member<'_>,
    ) -> Result<Option<ShardFacts>, LogsError> {
        use pb::facts_response::Outcome;
        let request = pb::FactsRequest {
            shard: Some(messages::shard_to(member.stream, member.shard)),
        };
        let asked = self.ask_a_replica(member, |mut client| {
            let request = request.clone();
            async move { client.facts(request).await }
        });
        match asked.await?.outcome {
            Some(Outcome::Facts(facts)) => Ok(Some(ShardFacts {
                phase: messages::phase_from(facts.phase)
                    .map_err(|malformed| failure(member, malformed.to_string()))?,
                last_arrival: Timestamp::from_millis(facts.last_arrival_ms),
            })),
            Some(Outcome::Refused(refused)) if refused.why() == Why::NotHere => Ok(None),
            Some(Outcome::Refused(refused)) => Err(failure(member, refused.text)),
            None => Err(failure(member, "an answer without one".to_owned())),
        }
    }

    /// Whether a majority of the shard's replicas have its log. Where an attempt to form it ended half way, fewer do, and nobody
    /// could lead: then there is no log yet. It may be formed again, also where it is.
    async fn is_formed(&self, member: Member<'_>) -> Result<bool, LogsError> {
        let pods = &member.shard.replicas;
        if pods.len() < 2 {
            return Ok(true);
        }
        let asked = join_all(pods.iter().map(|pod| self.disk(pod))).await;
        let has_it = |disk: &Disk| disk.shards.contains(&member.shard.uid);
        let have_it = asked.iter().flatten().filter(|disk| has_it(disk)).count();
        let majority = pods.len() / 2 + 1;
        if have_it >= majority {
            return Ok(true);
        }
        let silent: Vec<_> = asked.into_iter().filter_map(Result::err).collect();
        match silent.into_iter().nth(majority - have_it - 1) {
            // Enough of those that do not answer may have it.
            Some(text) => Err(failure(member, text)),
            None => Ok(false),
        }
    }

    /// The disks of `pods`, as they are now.
    async fn disks_of(
        &self,
        member: Member<'_>,
        pods: &[PodName],
    ) -> Result<Vec<pb::Replica>, LogsError> {
        let mut disks = Vec::new();
        for pod in pods {
            let mut client = self.client(pod).map_err(failed(member))?;
            let answer = ask(member, client.describe(pb::DescribeRequest {})).await?;
            let node = formed::node_of(&answer.disk_uid);
            let node = node.ok_or_else(|| failure(member, format!("{pod} has no disk")))?;
            disks.push(pb::Replica {
                node,
                pod: pod.as_str().to_owned(),
            });
        }
        Ok(disks)
    }

    /// What a pod says of its disk.
    pub async fn disk(&self, pod: &PodName) -> Result<Disk, String> {
        let mut client = self.client(pod).map_err(|status| describe(&status))?;
        let asked = timeout(ANSWER_MAX, client.describe(pb::DescribeRequest {})).await;
        let answer = asked
            .map_err(|_| format!("no answer within {ANSWER_MAX:?}"))?
            .map_err(|status| describe(&status))?;
        let answer = answer.into_inner();
        let shards = answer
            .shards
            .iter()
            .map(|shard| messages::uid_from(&shard.uid));
        Ok(Disk {
            node: formed::node_of(&answer.disk_uid).ok_or("it has no disk")?,
            shards: shards.map_while(Result::ok).collect(),
            is_storage_low: answer.is_storage_low,
        })
    }

    /// Who leads the shard and who votes in it, as the leader knows; nothing while nobody is known to lead. `holders` are the
    /// pods that have its log, wanted or not: others have nothing to say.
    pub async fn roles(
        &self,
        member: Member<'_>,
        holders: &[PodName],
    ) -> Result<Option<(PodName, Vec<ReplicaId>)>, LogsError> {
        let shard = member.shard;
        let wanted = shard.replicas.iter().filter(|pod| holders.contains(pod));
        let unwanted = holders.iter().filter(|pod| !shard.replicas.contains(pod));
        let askable: Vec<PodName> = wanted.chain(unwanted).cloned().collect();
        if let Some(pod) = self.leader_of(shard).filter(|pod| !askable.contains(pod)) {
            self.note_leader_among(shard, &askable, &pod, None);
        }
        let Some(asked) = self.leader_of(shard) else {
            return Ok(None);
        };
        let request = pb::FactsRequest {
            shard: Some(messages::shard_to(member.stream, shard)),
        };
        let answer = self.ask_a_replica(member, |mut client| {
            let request = request.clone();
            async move { client.facts(request).await }
        });
        let answer = answer.await;
        let Ok(Some(pb::facts_response::Outcome::Facts(facts))) =
            answer.as_ref().map(|answer| &answer.outcome)
        else {
            self.note_leader_among(shard, &askable, &asked, None);
            return answer.map(|_| None);
        };
        let leader: Option<PodName> = facts.leader.parse().ok();
        if leader.as_ref() == Some(&asked) {
            let voters = facts.voters.iter().map(messages::replica_from);
            return Ok(Some((asked, voters.map_while(Result::ok).collect())));
        }
        self.note_leader_among(shard, &askable, &asked, leader);
        Ok(None)
    }

    /// Has `pod`, whose disk does not have the shard, wait for its log.
    pub async fn join(&self, member: Member<'_>, pod: &PodName) -> Result<(), LogsError> {
        let mut client = self.client(pod).map_err(failed(member))?;
        let mut shard = messages::shard_to(member.stream, member.shard);
        shard.is_joining = true;
        let request = pb::FormRequest { shard: Some(shard) };
        done(member, ask(member, client.form(request)).await?.refused)
    }

    /// Has the shard's leader do the next step towards these replicas; says whether nothing is left to do.
    pub async fn change_replicas(
        &self,
        member: Member<'_>,
        wanted: &[ReplicaId],
    ) -> Result<bool, LogsError> {
        let request = pb::ChangeReplicasRequest {
            shard: Some(messages::shard_to(member.stream, member.shard)),
            wanted: wanted.iter().map(messages::replica_to).collect(),
        };
        let answer = self.ask_a_replica(member, |mut client| {
            let request = request.clone();
            async move { client.change_replicas(request).await }
        });
        let answer = answer.await?;
        done(member, answer.refused)?;
        Ok(answer.is_done)
    }

    /// Has the shard's leader hand over to `heir`.
    pub async fn hand_over(&self, member: Member<'_>, heir: &ReplicaId) -> Result<(), LogsError> {
        let request = pb::HandOverRequest {
            shard: Some(messages::shard_to(member.stream, member.shard)),
            heir: Some(messages::replica_to(heir)),
        };
        let answer = self.ask_a_replica(member, |mut client| {
            let request = request.clone();
            async move { client.hand_over(request).await }
        });
        done(member, answer.await?.refused)
    }

    /// Removes what `pod` has of a shard that it is no replica of.
    pub async fn remove(&self, member: Member<'_>, pod: &PodName) -> Result<(), LogsError> {
        let mut client = self.client(pod).map_err(failed(member))?;
        let request = pb::DestroyRequest {
            uid: member.shard.uid.to_bytes().to_vec().into(),
        };
        done(member, ask(member, client.destroy(request)).await?.refused)
    }

    /// Asks the replica that is believed to lead; the next one another time, if it does not answer or cannot do it.
    async fn ask_a_replica<T, F>(
        &self,
        member: Member<'_>,
        call: impl Fn(Client) -> F,
    ) -> Result<T, LogsError>
    where
        T: Answer,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let pod = self.leader_of(member.shard);
        let pod = pod.ok_or_else(|| failure(member, "the shard is not placed yet".to_owned()))?;
        let answer = match self.client(&pod) {
            Ok(client) => ask(member, call(client)).await,
            Err(nowhere) => Err(failed(member)(nowhere)),
        };
        if answer.as_ref().map_or(true, Answer::is_for_another) {
            self.note_leader(member.shard, &pod, None);
        }
        answer
    }

    /// Says something to the shard's leader, whichever replica that is.
    async fn tell_the_leader<F>(
        &self,
        member: Member<'_>,
        call: impl Fn(Client) -> F,
    ) -> Result<(), LogsError>
    where
        F: Future<Output = Result<Response<pb::ControlResponse>, Status>>,
    {
        let mut said = Err(failure(member, "the shard is not placed yet".to_owned()));
        for _ in 0..=member.shard.replicas.len() {
            let Some(pod) = self.leader_of(member.shard) else {
                break;
            };
            let answer = self.ask_a_replica(member, &call).await?;
            let elsewhere = answer.refused.clone();
            said = done(member, answer.refused);
            match elsewhere.filter(|refused| refused.why() == Why::NotLeader) {
                Some(refused) => {
                    self.note_leader(member.shard, &pod, refused.leader.parse().ok());
                }
                None => break,
            }
        }
        said
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
