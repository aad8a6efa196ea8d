//! The library's network: what one replica sends to another, over the one connection between their processes.
//!
//! A process without peers (standalone) has one-voter groups only, which never send anything; should one be told to, every call
//! says so instead of pretending.

use std::{future::Future, io, sync::Arc, time::Duration};

use anabranch_domain::PodName;
use anabranch_proto::raft::{self as pb, request::Call, response::Answer};
use futures_util::{Stream, StreamExt as _, stream};
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
use tokio::time::{Instant, timeout_at};

use super::{
    Journal, SnapshotBytes, Types,
    peers::{self, Link, Peers},
    types::Host,
};

/// Messages with entries to one replica of one shard that are under way at a time.
const PIPELINE: usize = 8;
/// What is committed is told with the next entries, or after this time where none follow. Told at once, it would double the messages of a
/// shard that takes one put after the other; a reader at a follower sees a shard's last record so much later.
const COMMIT_PAUSE: Duration = Duration::from_millis(3);
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

/// `requests` without those that only tell what is committed, where another follows within [`COMMIT_PAUSE`] and tells it too. The first
/// one asks what the replica has: it goes at once.
fn with_commits_carried(
    requests: impl Stream<Item = AppendEntriesRequest<Types>> + Unpin,
) -> impl Stream<Item = AppendEntriesRequest<Types>> {
    stream::unfold((requests.fuse(), true), async |(mut requests, is_first)| {
        let mut request = requests.next().await?;
        let latest = Instant::now() + COMMIT_PAUSE;
        while !is_first && request.entries.is_empty() {
            match timeout_at(latest, requests.next()).await {
                Ok(Some(next)) => request = next,
                Ok(None) | Err(_) => break,
            }
        }
        Some((request, (requests, false)))
    })
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
        let answers = with_commits_carried(input).map(move |request| {
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

#[cfg(test)]
mod tests {
    use anabranch_store::entry::Position;
    use openraft::EntryPayload;
    use tokio::sync::mpsc;

    use super::*;
    use crate::replication::types::{LogEntry, LogId, Vote, log_id};

    fn at(index: u64) -> LogId {
        log_id(Position {
            term: 1,
            leader: 1,
            index,
        })
    }

    /// The entries `first..=last`, and what is committed; none if `last` is the one before `first`.
    fn request(first: u64, last: u64, committed: u64) -> AppendEntriesRequest<Types> {
        let entry = |index| LogEntry {
            log_id: at(index),
            payload: EntryPayload::Blank,
        };
        AppendEntriesRequest {
            vote: Vote::new_committed(1, 1),
            prev_log_id: Some(at(first - 1)),
            entries: (first..=last).map(entry).collect(),
            leader_commit: Some(at(committed)),
        }
    }

    /// Gives what is sent to the stream as the leader's task does, and takes what comes out of it.
    fn carried() -> (
        mpsc::UnboundedSender<AppendEntriesRequest<Types>>,
        impl Stream<Item = AppendEntriesRequest<Types>>,
    ) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let requests = stream::poll_fn(move |context| receiver.poll_recv(context));
        (sender, with_commits_carried(requests))
    }

    fn facts(request: &AppendEntriesRequest<Types>) -> (usize, Option<u64>) {
        let committed = request.leader_commit.map(|at| at.index);
        (request.entries.len(), committed)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_committed_goes_with_the_next_entries() {
        let (sender, requests) = carried();
        let mut requests = Box::pin(requests);
        let all = [
            request(1, 0, 0),
            request(1, 1, 0),
            request(2, 1, 1),
            request(2, 1, 1),
            request(2, 3, 1),
        ];
        for request in all {
            sender.send(request).expect("the stream lives");
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.extend(requests.next().await.as_ref().map(facts));
        }
        assert_eq!(seen, [(0, Some(0)), (1, Some(0)), (2, Some(1))]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_committed_is_told_alone_where_no_entries_follow() {
        let (sender, requests) = carried();
        let mut requests = Box::pin(requests);
        sender.send(request(1, 1, 0)).expect("the stream lives");
        requests.next().await.expect("the first one");
        let begun = Instant::now();
        sender.send(request(2, 1, 1)).expect("the stream lives");
        let told = requests.next().await.as_ref().map(facts);
        assert_eq!(told, Some((0, Some(1))));
        assert!(begun.elapsed() < 2 * COMMIT_PAUSE, "{:?}", begun.elapsed());
        // Also when it is the last thing that this leader says.
        sender.send(request(2, 1, 1)).expect("the stream lives");
        drop(sender);
        let told = requests.next().await.as_ref().map(facts);
        assert_eq!(told, Some((0, Some(1))));
        assert!(requests.next().await.is_none());
    }
}
