//! The service of a shard pod: messages in, the pod's own shards asked, messages out.
//!
//! Owns which shards this pod answers for: those that were formed on its disk ([`FormedShards`]), and no other, whatever a
//! caller believes. Knows no catalog: gateways and the operator say in each message what a shard is.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::{ShardId, Timestamp};
use anabranch_proto::MESSAGE_BYTES_MAX;
use anabranch_proto::shard::refused::Why;
use anabranch_proto::shard::shard_service_server::{ShardService, ShardServiceServer};
use anabranch_proto::shard::{self as pb, read_response};
use anabranch_store::{Reserve, Store};
use futures_util::{StreamExt as _, stream::BoxStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tracing::{info, warn};

use super::messages::{self, Malformed, OwnedSubject, refused};
use super::{
    FormedShards, ReadRefused, Reader, ServedShards,
    appending::Appending,
    unserved::{Unserved, subject},
};
use crate::encryption::KeyFile;
use crate::shard::{ControlError, Founding, LogError, ReadBatch, ReadError, ReplicaId};

/// The longest that a call may wait for news: below the keep-alive of any proxy in between.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What a shard pod answers with.
pub struct ShardServer {
    /// Its shards.
    pub served: Arc<ServedShards>,
    /// Those that it answers for.
    pub formed: Arc<FormedShards>,
    /// Keys of encryption at rest.
    pub keys: Arc<KeyFile>,
    /// Its disk.
    pub store: Arc<dyn Store>,
    /// Its name, and the number of its disk.
    pub own: ReplicaId,
    /// When streams of appends are to end.
    pub ending: CancellationToken,
}

type Answer<T> = Result<Response<T>, Status>;

impl ShardServer {
    /// Tells the registry how the shards on the disk's list began.
    pub fn recall(&self) -> Result<(), String> {
        for shard in self.formed.all() {
            let recalled = messages::shard_from(Some(&shard))
                .and_then(|subject| Ok((subject, messages::founding_from(&shard, &self.own)?)));
            let (subject, founding) = recalled.map_err(|error| error.to_string())?;
            self.served
                .registry
                .found(subject.uid, subject.birth(), founding);
        }
        Ok(())
    }

    /// As a gRPC service. Every shard that takes records has series from the start: one without any load is not one that
    /// nobody measures.
    pub fn into_service(self) -> ShardServiceServer<Self> {
        for shard in self.formed.all() {
            if let Ok(subject) = messages::shard_from(Some(&shard)) {
                self.served.measure(subject.borrowed());
            }
        }
        ShardServiceServer::new(self)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// The shard of a message, if this pod has it.
    fn subject(&self, shard: Option<&pb::Shard>) -> Result<OwnedSubject, Unserved> {
        subject(&self.formed, shard)
    }

    fn appending(&self) -> Appending {
        Appending {
            served: Arc::clone(&self.served),
            formed: Arc::clone(&self.formed),
            keys: Arc::clone(&self.keys),
            ending: self.ending.clone(),
        }
    }

    /// Puts the shard on the disk's list, if it is not there, and sees to it that its log can be read.
    async fn form_here(
        &self,
        subject: &OwnedSubject,
        shard: pb::Shard,
        founding: Founding,
    ) -> Result<(), pb::Refused> {
        let registry = &self.served.registry;
        let failed = |error: &dyn std::fmt::Display| refused(Why::Failed, error);
        let known = self.formed.get(subject.uid);
        // Whoever is to join and has the log already is as far as it can be.
        if let Some(known) = known.filter(|_| !shard.is_joining)
            && known.founders != shard.founders
        {
            // A first attempt to form it, before a disk of it was replaced: nothing was written, so it is begun anew.
            let handle = self.served.handle(subject.borrowed());
            let is_unused = handle.is_unused().await;
            if !is_unused.map_err(|error| failed(&error))? {
                let text = "the shard was formed with other replicas and was used";
                return Err(refused(Why::Overtaken, text));
            }
            let destroyed = registry.destroy(subject.uid).await;
            destroyed.map_err(|error| failed(&error))?;
            let removed = self.formed.remove(subject.uid).await;
            removed.map_err(|error| failed(&error))?;
        }
        if !self.formed.has(subject.uid) {
            info!(stream = shard.stream, shard = shard.id, uid = %subject.uid, replicas = shard.founders.len(), "shard formed");
            let added = self.formed.add(subject.uid, shard).await;
            added.map_err(|error| failed(&error))?;
            registry.found(subject.uid, subject.birth(), founding);
            // From now on it is measured: that nothing is offered is to be seen.
            self.served.measure(subject.borrowed());
        }
        let tip = self.served.handle(subject.borrowed()).tip().await;
        tip.map(drop).map_err(|error| failed(&error))
    }

    /// What a polling reader was given, counted where its limits are.
    fn charge(&self, subject: &OwnedSubject, batch: &ReadBatch) {
        // Damaged records are found by who gets them.
        let records = batch.records().map_while(Result::ok);
        let bytes: usize = records
            .map(|record| record.data.len() + record.partition_key.map_or(0, str::len))
            .sum();
        let served = &self.served;
        served.charge_read(subject.borrowed(), bytes as u64, batch.len() as u64);
    }
}

fn malformed(malformed: Malformed) -> Status {
    Status::invalid_argument(malformed.to_string())
}

fn unread(failed: &ReadRefused) -> pb::Refused {
    match failed {
        ReadRefused::Failed(ReadError::Log(LogError::NotLeader { leader })) => {
            messages::not_leader(leader.as_ref())
        }
        failed => refused(Why::Failed, failed),
    }
}

fn control<T>(outcome: Result<T, ControlError>) -> pb::ControlResponse {
    let refused = outcome.err().map(|error| match error {
        ControlError::NotLeader { leader } => messages::not_leader(leader.as_ref()),
        ControlError::Refused(_) => refused(Why::Overtaken, error),
        ControlError::Gone | ControlError::Log(_) | ControlError::Unclear => {
            refused(Why::Failed, error)
        }
    });
    pb::ControlResponse { refused }
}

#[tonic::async_trait]
impl ShardService for ShardServer {
    type AppendsStream = BoxStream<'static, Result<pb::AppendAnswers, Status>>;

    async fn append(&self, request: Request<pb::AppendRequest>) -> Answer<pb::AppendResponse> {
        let answer = self.appending().append(request.into_inner()).await;
        answer.map(Response::new)
    }

    async fn appends(
        &self,
        request: Request<Streaming<pb::AppendQuestions>>,
    ) -> Answer<Self::AppendsStream> {
        let answers = self.appending().stream(request.into_inner());
        Ok(Response::new(answers.boxed()))
    }

    async fn read(&self, request: Request<pb::ReadRequest>) -> Answer<pb::ReadResponse> {
        let request = request.into_inner();
        let limits = messages::limits_from(&request);
        let from = messages::position_from(request.from).map_err(malformed)?;
        let reader = if request.is_polling {
            Reader::Polling
        } else {
            Reader::FanOut
        };
        let way = (reader, messages::freshness_from(request.freshness()));
        let outcome = match self.subject(request.shard.as_ref()) {
            Ok(subject) => {
                let read = self.served.read(subject.borrowed(), from, limits, way);
                match read.await {
                    Ok(batch) => {
                        if reader == Reader::Polling {
                            self.charge(&subject, &batch);
                        }
                        read_response::Outcome::Batch(messages::batch_to(&batch))
                    }
                    Err(ReadRefused::Throttled) => read_response::Outcome::Throttled(true),
                    Err(failed) => read_response::Outcome::Refused(unread(&failed)),
                }
            }
            Err(unserved) => read_response::Outcome::Refused(unserved.into_refused()?),
        };
        Ok(Response::new(pb::ReadResponse {
            outcome: Some(outcome),
        }))
    }

    async fn admit_iterator(
        &self,
        request: Request<pb::AdmitIteratorRequest>,
    ) -> Answer<pb::AdmitIteratorResponse> {
        let subject = messages::shard_from(request.into_inner().shard.as_ref());
        let subject = subject.map_err(malformed)?;
        let is_admitted = self.served.admit_iterator(subject.borrowed()).is_ok();
        Ok(Response::new(pb::AdmitIteratorResponse { is_admitted }))
    }

    async fn locate(&self, request: Request<pb::LocateRequest>) -> Answer<pb::LocateResponse> {
        use pb::locate_response::Outcome;
        let request = request.into_inner();
        let from = messages::position_from(request.from).map_err(malformed)?;
        let horizon = Timestamp::from_millis(request.horizon_ms);
        let outcome = match self.subject(request.shard.as_ref()) {
            Ok(subject) => {
                let freshness = messages::freshness_from(request.freshness());
                let subject = subject.borrowed();
                let located = self.served.locate(subject, from, horizon, freshness);
                match located.await {
                    Ok(resume) => Outcome::Resume(messages::resume_to(resume)),
                    Err(failed) => Outcome::Refused(unread(&failed)),
                }
            }
            Err(unserved) => Outcome::Refused(unserved.into_refused()?),
        };
        Ok(Response::new(pb::LocateResponse {
            outcome: Some(outcome),
        }))
    }

    async fn tip(&self, request: Request<pb::TipRequest>) -> Answer<pb::TipResponse> {
        use pb::tip_response::Outcome;
        let request = request.into_inner();
        let outcome = match self.subject(request.shard.as_ref()) {
            Ok(subject) => {
                if let Some(past) = request.past {
                    let wait = Duration::from_millis(request.wait_ms.into()).min(WAIT_MAX);
                    let deadline = Instant::now() + wait;
                    let subject = subject.borrowed();
                    self.served.wait_past(subject, past, deadline).await;
                }
                let freshness = messages::freshness_from(request.freshness());
                match self.served.tip(subject.borrowed(), freshness).await {
                    Ok(tip) => Outcome::Tip(messages::tip_to(tip)),
                    Err(failed) => Outcome::Refused(unread(&failed)),
                }
            }
            Err(unserved) => Outcome::Refused(unserved.into_refused()?),
        };
        Ok(Response::new(pb::TipResponse {
            outcome: Some(outcome),
        }))
    }

    async fn facts(&self, request: Request<pb::FactsRequest>) -> Answer<pb::FactsResponse> {
        use pb::facts_response::Outcome;
        let outcome = match self.subject(request.into_inner().shard.as_ref()) {
            Ok(subject) => {
                let settled = self.served.handle(subject.borrowed()).settled().await;
                match settled {
                    Ok(settled) => {
                        let roles = self.served.handle(subject.borrowed()).group().roles();
                        Outcome::Facts(pb::Facts {
                            leader: roles.leader.map(|pod| pod.to_string()).unwrap_or_default(),
                            voters: roles.voters.iter().map(messages::replica_to).collect(),
                            ..messages::facts_to(&settled)
                        })
                    }
                    Err(failed) => Outcome::Refused(refused(Why::Failed, failed)),
                }
            }
            Err(unserved) => Outcome::Refused(unserved.into_refused()?),
        };
        Ok(Response::new(pb::FactsResponse {
            outcome: Some(outcome),
        }))
    }

    async fn form(&self, request: Request<pb::FormRequest>) -> Answer<pb::FormResponse> {
        let shard = request.into_inner().shard;
        let subject = messages::shard_from(shard.as_ref()).map_err(malformed)?;
        let shard = shard.unwrap_or_default();
        let founding = messages::founding_from(&shard, &self.own).map_err(malformed)?;
        let formed = self.form_here(&subject, shard, founding).await;
        Ok(Response::new(pb::FormResponse {
            refused: formed.err(),
        }))
    }

    async fn change_replicas(
        &self,
        request: Request<pb::ChangeReplicasRequest>,
    ) -> Answer<pb::ChangeReplicasResponse> {
        let request = request.into_inner();
        let wanted = request.wanted.iter().map(messages::replica_from);
        let wanted: Result<Vec<_>, _> = wanted.collect();
        let wanted = wanted.map_err(malformed)?;
        let answer = match self.subject(request.shard.as_ref()) {
            Ok(subject) => {
                let handle = self.served.handle(subject.borrowed());
                match handle.change_replicas(&wanted).await {
                    Ok(is_done) => pb::ChangeReplicasResponse {
                        refused: None,
                        is_done,
                    },
                    Err(error) => pb::ChangeReplicasResponse {
                        refused: control::<bool>(Err(error)).refused,
                        is_done: false,
                    },
                }
            }
            Err(unserved) => pb::ChangeReplicasResponse {
                refused: Some(unserved.into_refused()?),
                is_done: false,
            },
        };
        Ok(Response::new(answer))
    }

    async fn hand_over(
        &self,
        request: Request<pb::HandOverRequest>,
    ) -> Answer<pb::ControlResponse> {
        let request = request.into_inner();
        let heir = request.heir.ok_or(Malformed("heir")).map_err(malformed)?;
        let answer = match self.subject(request.shard.as_ref()) {
            Ok(subject) => {
                let handle = self.served.handle(subject.borrowed());
                control(handle.hand_over_to(heir.node).await)
            }
            Err(unserved) => pb::ControlResponse {
                refused: Some(unserved.into_refused()?),
            },
        };
        Ok(Response::new(answer))
    }

    async fn seal(&self, request: Request<pb::SealRequest>) -> Answer<pb::ControlResponse> {
        let request = request.into_inner();
        let children = request.children.iter().map(|&id| ShardId::new(id));
        let children: Result<Vec<_>, _> = children.collect();
        let children = children.map_err(|_| malformed(Malformed("children")))?;
        let answer = match self.subject(request.shard.as_ref()) {
            Ok(subject) => {
                let handle = self.served.handle(subject.borrowed());
                let sealed = handle.seal(request.epoch, children).await;
                if sealed.is_ok() {
                    self.served.metrics.close(subject.uid);
                }
                control(sealed)
            }
            Err(unserved) => pb::ControlResponse {
                refused: Some(unserved.into_refused()?),
            },
        };
        Ok(Response::new(answer))
    }

    async fn activate(&self, request: Request<pb::ActivateRequest>) -> Answer<pb::ControlResponse> {
        let request = request.into_inner();
        let floor = Timestamp::from_millis(request.floor_ms);
        let answer = match self.subject(request.shard.as_ref()) {
            Ok(subject) => {
                let handle = self.served.handle(subject.borrowed());
                control(handle.activate(request.epoch, floor).await)
            }
            Err(unserved) => pb::ControlResponse {
                refused: Some(unserved.into_refused()?),
            },
        };
        Ok(Response::new(answer))
    }

    /// The log first: a pod that dies in between still knows that there is something to remove.
    async fn destroy(&self, request: Request<pb::DestroyRequest>) -> Answer<pb::DestroyResponse> {
        let uid = messages::uid_from(&request.into_inner().uid).map_err(malformed)?;
        let destroyed = match self.served.registry.destroy(uid).await {
            Ok(()) => self.formed.remove(uid).await.map_err(LogError::from),
            Err(failed) => Err(failed),
        };
        if let Err(failed) = &destroyed {
            warn!(shard = %uid, %failed, "a shard's log was not removed");
        }
        self.served.forget(&HashSet::from([uid]));
        Ok(Response::new(pb::DestroyResponse {
            refused: destroyed.err().map(|failed| refused(Why::Failed, failed)),
        }))
    }

    async fn loads(&self, request: Request<pb::LoadsRequest>) -> Answer<pb::LoadsResponse> {
        let wanted = request.into_inner().sketches_of;
        let wanted = wanted.iter().map(|uid| messages::uid_from(uid));
        let wanted: Result<HashSet<_>, _> = wanted.collect();
        let wanted = wanted.map_err(malformed)?;
        let uids = self.served.metrics.uids().into_iter();
        let loads = uids.filter_map(|uid| {
            let counts = self.served.metrics.counts(uid)?.counts();
            let sketch = wanted
                .contains(&uid)
                .then(|| self.served.sketches.of(uid))
                .flatten();
            Some(messages::load_to(uid, counts, sketch.as_ref()))
        });
        Ok(Response::new(pb::LoadsResponse {
            loads: loads.collect(),
        }))
    }

    async fn describe(&self, _: Request<pb::DescribeRequest>) -> Answer<pb::DescribeResponse> {
        let usage = self.store.usage();
        let usage = usage.map_err(|failed| Status::unavailable(failed.to_string()))?;
        Ok(Response::new(pb::DescribeResponse {
            disk_uid: self.formed.disk().to_be_bytes().to_vec().into(),
            pod: self.own.pod.as_str().to_owned(),
            shards: self.formed.all(),
            disk_used_bytes: usage.disk_bytes,
            disk_free_bytes: usage.free_bytes,
            is_storage_low: usage.reserve == Reserve::Low,
        }))
    }
}
