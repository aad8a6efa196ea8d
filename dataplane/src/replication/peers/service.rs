//! The side that is asked: messages of another process, given to the groups that they are for.

use std::{fmt, pin::Pin, sync::Arc};

use anabranch_domain::{PodName, ShardUid, Timestamp};
use anabranch_proto::{
    MESSAGE_BYTES_MAX,
    raft::{
        self as pb,
        raft_service_server::{RaftService, RaftServiceServer},
        request::Call,
        response::Answer,
    },
};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::{Peers, link::UNKNOWN_CALL, messages};
use crate::{exchange::answered, replication::Group};

/// Which groups this process has.
pub trait Directory: Send + Sync {
    /// The group of `shard`, if this process holds a replica of it.
    fn group(&self, shard: ShardUid) -> Option<Arc<Group>>;
}

/// What other processes ask.
pub struct RaftServer {
    peers: Arc<Peers>,
    directory: Arc<dyn Directory>,
    ending: CancellationToken,
}

impl RaftServer {
    /// Answers for the groups in `directory`, until `ending`.
    pub fn new(
        peers: Arc<Peers>,
        directory: Arc<dyn Directory>,
        ending: CancellationToken,
    ) -> Self {
        Self {
            peers,
            directory,
            ending,
        }
    }

    /// As a gRPC service.
    pub fn into_service(self) -> RaftServiceServer<Self> {
        RaftServiceServer::new(self)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
    }
}

#[tonic::async_trait]
impl RaftService for RaftServer {
    type ExchangeStream = Pin<Box<dyn Stream<Item = Result<pb::Responses, Status>> + Send>>;

    async fn exchange(
        &self,
        requests: Request<Streaming<pb::Requests>>,
    ) -> Result<Response<Self::ExchangeStream>, Status> {
        let (peers, directory) = (self.peers.clone(), self.directory.clone());
        let heard = heard(peers.clone(), requests.into_inner());
        let heard = heard.take_until(self.ending.clone().cancelled_owned());
        let answers = answered(Box::pin(heard), move |request: pb::Request| {
            let (peers, directory) = (peers.clone(), directory.clone());
            async move { answer(&peers, &*directory, request).await }
        });
        Ok(Response::new(Box::pin(
            answers.map_ok(|responses| pb::Responses { responses }),
        )))
    }
}

/// The requests of one process, whose life they are a sign of once it said who it is.
fn heard(
    peers: Arc<Peers>,
    requests: Streaming<pb::Requests>,
) -> impl Stream<Item = Result<Vec<pb::Request>, Status>> {
    let mut from: Option<PodName> = None;
    requests.map_ok(move |frame| {
        for request in &frame.requests {
            if let Some(Call::Ping(ping)) = &request.call {
                from = ping.pod.parse().ok();
                if let Some(from) = &from {
                    peers.heard_from(from, ping.about.clone());
                }
            }
        }
        if let Some(from) = &from {
            peers.heard_from(from, None);
        }
        frame.requests
    })
}

async fn answer(peers: &Peers, directory: &dyn Directory, request: pb::Request) -> pb::Response {
    let id = request.id;
    let answer = match request.call {
        Some(Call::Ping(_)) => Answer::Pong(peers.about()),
        Some(call) if request.to == peers.node() => {
            let shard = <[u8; 16]>::try_from(&*request.shard).map(ShardUid::from_bytes);
            let answer = match shard {
                Ok(shard) => replica_answer(directory, shard, call).await,
                Err(_) => Err("malformed message: shard".to_owned()),
            };
            answer.unwrap_or_else(Answer::Unavailable)
        }
        Some(_) => Answer::Unavailable(format!(
            "this is replica {:016x}, and {:016x} is meant",
            peers.node(),
            request.to
        )),
        None => Answer::Unavailable(UNKNOWN_CALL.to_owned()),
    };
    pb::Response {
        id,
        answer: Some(answer),
    }
}

async fn replica_answer(
    directory: &dyn Directory,
    shard: ShardUid,
    call: Call,
) -> Result<Answer, String> {
    let group = directory.group(shard);
    let group = group.ok_or_else(|| format!("shard {shard} has no replica here"))?;
    let malformed = |malformed: messages::Malformed| malformed.to_string();
    match call {
        Call::AppendEntries(request) => {
            let born = request.born_ms.map(Timestamp::from_millis);
            let request = messages::append_from(shard, request).map_err(malformed)?;
            let response = group.receive_entries(request, born).await?;
            Ok(Answer::Appended(messages::appended_to(&response)))
        }
        Call::RequestVote(request) if request.is_poll => {
            let request = messages::vote_from(request).map_err(malformed)?;
            let (is_granted, leader) = group.receive_poll(&request).await?;
            Ok(Answer::Voted(pb::Voted {
                is_granted,
                leader: leader.map(|pod| pod.to_string()).unwrap_or_default(),
                is_joining: group.is_joining(),
                ..pb::Voted::default()
            }))
        }
        Call::RequestVote(request) => {
            let request = messages::vote_from(request).map_err(malformed)?;
            let response = group.receive_vote(request).await?;
            Ok(Answer::Voted(messages::voted_to(&response)))
        }
        Call::InstallSnapshot(request) => {
            let (vote, snapshot) = messages::snapshot_from(shard, &request).map_err(malformed)?;
            let response = group.receive_snapshot(vote, snapshot).await?;
            Ok(Answer::Installed(messages::installed_to(&response)))
        }
        Call::TransferLeader(request) => {
            let request = messages::transfer_from(request).map_err(malformed)?;
            let refused = group.receive_transfer(request).await?;
            Ok(Answer::Transferred(pb::Transferred { refused }))
        }
        Call::ConfirmLeader(request) => {
            let vote = messages::vote_of(request.vote).map_err(malformed)?;
            Ok(Answer::Confirmed(group.receive_confirmation(&vote).await?))
        }
        Call::ReadEntry(request) => Ok(Answer::Entry(group.give_entry(request.index).await?)),
        Call::Ping(_) => Err("a ping is for no shard".to_owned()),
    }
}

impl fmt::Debug for RaftServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaftServer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct NobodyElsesBusiness;

    impl Directory for NobodyElsesBusiness {
        fn group(&self, _: ShardUid) -> Option<Arc<Group>> {
            panic!("a group is asked for what was meant for another disk")
        }
    }

    #[tokio::test]
    async fn what_is_meant_for_the_disk_that_was_here_before_is_not_taken() {
        let pod = "pool-0".parse().expect("a pod's name");
        let peers = Peers::new(pod, 7, 1, Box::new(|_| None));
        let request = pb::Request {
            id: 3,
            shard: ShardUid::from_bits(42).to_bytes().to_vec().into(),
            to: 8,
            call: Some(Call::RequestVote(pb::RequestVote::default())),
        };
        let response = answer(&peers, &NobodyElsesBusiness, request).await;
        assert!(
            matches!(&response.answer, Some(Answer::Unavailable(why)) if why.contains("is meant")),
            "{response:?}"
        );
    }
}
