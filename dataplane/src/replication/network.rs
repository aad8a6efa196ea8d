//! The library's network: what one replica sends to another, over the one connection between their processes.
//!
//! A process without peers (standalone) has one-voter groups only, which never send anything; should one be told to, every call
//! says so instead of pretending.

use std::{future::Future, io, sync::Arc, time::Duration};

use anabranch_domain::PodName;
use anabranch_proto::raft::{self as pb, request::Call, response::Answer};
use futures_util::{Stream, StreamExt as _};
use openraft::{
    OptionalSend,
    alias::{SnapshotOf, VoteOf},
    base::{BoxFuture, BoxStream},
    errors::{RPCError, ReplicationClosed, StreamingError, Unreachable},
    network::{Backoff, RPCOption, RaftNetworkFactory, RaftNetworkV2},
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, StreamAppendResult,
        TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
    },
};

use super::{
    Journal, SnapshotBytes, Types,
    peers::{self, Link, Peers},
    types::Host,
};

/// Messages with entries to one replica of one shard that are under way at a time.
const PIPELINE: usize = 8;
/// Between two attempts to reach a replica that is away.
const BACKOFF: Duration = Duration::from_millis(200);

/// Makes [`Replica`]s of one shard.
#[derive(Clone, Debug)]
pub(super) struct Network {
    journal: Arc<Journal>,
    peers: Option<Arc<Peers>>,
}

impl Network {
    /// The network of the shard of `journal`; `peers` are the processes that may hold its replicas.
    pub(super) fn new(journal: Arc<Journal>, peers: Option<Arc<Peers>>) -> Self {
        Self { journal, peers }
    }
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Replica;

    async fn new_client(&mut self, target: u64, host: &Host) -> Replica {
        let link = self.peers.as_ref().zip(host.0.as_ref());
        Replica {
            journal: self.journal.clone(),
            target,
            pod: host.0.clone(),
            link: link.map(|(peers, pod)| peers.link(pod)),
        }
    }
}

/// Another replica.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    journal: Arc<Journal>,
    target: u64,
    pod: Option<PodName>,
    link: Option<Link>,
}

impl Replica {
    fn unreachable(&self, why: &str) -> Unreachable<Types> {
        let pod = self.pod.as_ref().map_or("nowhere", PodName::as_str);
        Unreachable::new(&io::Error::other(format!(
            "replica {:016x} on {pod}: {why}",
            self.target
        )))
    }

    /// Says something to the replica, and waits for an answer of the kind that `take` takes.
    async fn call<T>(
        &self,
        call: Call,
        take: impl FnOnce(Answer) -> Option<T>,
    ) -> Result<T, Unreachable<Types>> {
        let link = self.link.as_ref();
        let link = link.ok_or_else(|| self.unreachable("this process has no peers"))?;
        let request = pb::Request {
            id: 0,
            shard: self.journal.shard().to_bytes().to_vec().into(),
            to: self.target,
            call: Some(call),
        };
        let answer = link.call(request).await;
        let answer = answer.map_err(|lost| self.unreachable(&lost.to_string()))?;
        take(answer).ok_or_else(|| self.unreachable("an answer to something else"))
    }

    /// When the shard's first entry is from: its header does not travel, and a replica that joins may believe something else.
    async fn born_ms(&self) -> Option<u64> {
        let journal = self.journal.clone();
        let first = self.journal.reading(move || journal.envelope(0)).await;
        first.ok().flatten().map(|first| first.time.as_millis())
    }

    async fn append(
        &self,
        request: AppendEntriesRequest<Types>,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        let is_first = request.prev_log_id.is_none() && !request.entries.is_empty();
        let message = pb::AppendEntries {
            born_ms: if is_first { self.born_ms().await } else { None },
            ..peers::append_to(request)
        };
        let call = Call::AppendEntries(message);
        let take = |answer| match answer {
            Answer::Appended(appended) => peers::appended_from(appended).ok(),
            _ => None,
        };
        Ok(self.call(call, take).await?)
    }
}

impl RaftNetworkV2<Types> for Replica {
    type SnapshotData = SnapshotBytes;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        self.append(request).await
    }

    /// Several messages under way at a time: the connection keeps their order, and the answers are given in it.
    fn stream_append<'s, S>(
        &'s mut self,
        input: S,
        _option: RPCOption,
    ) -> BoxFuture<
        's,
        Result<BoxStream<'s, Result<StreamAppendResult<Types>, RPCError<Types>>>, RPCError<Types>>,
    >
    where
        S: Stream<Item = AppendEntriesRequest<Types>> + OptionalSend + Unpin + 'static,
    {
        let replica = self.clone();
        let answers = input.map(move |request| {
            let replica = replica.clone();
            async move {
                let previous = request.prev_log_id;
                let last = request
                    .entries
                    .last()
                    .map(|entry| entry.log_id)
                    .or(previous);
                let response = replica.append(request).await?;
                Ok(response.into_stream_result(previous, last))
            }
        });
        let answers: BoxStream<'s, _> = Box::pin(answers.buffered(PIPELINE));
        Box::pin(async move { Ok(answers) })
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Types>,
        _option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        let call = Call::RequestVote(peers::vote_to(&request));
        let take = |answer| match answer {
            Answer::Voted(voted) => peers::voted_from(&voted).ok(),
            _ => None,
        };
        Ok(self.call(call, take).await?)
    }

    async fn full_snapshot(
        &mut self,
        vote: VoteOf<Types>,
        snapshot: SnapshotOf<Types, SnapshotBytes>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let call = Call::InstallSnapshot(peers::snapshot_to(&vote, snapshot));
        let take = |answer| match answer {
            Answer::Installed(vote) => peers::installed_from(vote).ok(),
            _ => None,
        };
        tokio::select! {
            installed = self.call(call, take) => Ok(installed?),
            closed = cancel => Err(StreamingError::Closed(closed)),
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        _option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RPCError<Types>> {
        let call = Call::TransferLeader(peers::transfer_to(&request));
        let take = |answer| match answer {
            Answer::Transferred(transferred) => Some(transferred.refused),
            _ => None,
        };
        let refused = self.call(call, take).await?;
        if refused.is_empty() {
            Ok(Ok(()))
        } else {
            Err(self.unreachable(&refused).into())
        }
    }

    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::new(std::iter::repeat(BACKOFF)))
    }
}
