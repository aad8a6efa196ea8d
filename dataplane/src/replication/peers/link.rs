//! The connection to one pod: one stream each way for the messages of all shards.

use std::{sync::Weak, time::Duration};

use anabranch_domain::PodName;
use anabranch_proto::{
    MESSAGE_BYTES_MAX,
    raft::{self as pb, raft_service_client::RaftServiceClient, response::Answer},
};
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use tonic::{Status, transport::Endpoint};

use super::Peers;
use crate::exchange::{self, Calls, Frames, Line, Question};

/// A connection that takes longer is tried anew: pods are in the same cluster.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// A pod that is silent this long under a keep-alive is taken for lost.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// HTTP/2 flow control, in bytes.
const WINDOW_BYTES: u32 = 32 << 20;

/// Why a message has no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("pod {pod}: {text}")]
pub(in crate::replication) struct Lost {
    pod: PodName,
    text: String,
}

impl Lost {
    /// Whether the pod is of an earlier release, which does not know this kind of message.
    pub(in crate::replication) fn is_unknown_there(&self) -> bool {
        self.text == UNKNOWN_CALL
    }
}

/// What is answered to a message of a kind that is not known.
pub(super) const UNKNOWN_CALL: &str = "a call of a newer release";

/// Where messages to one pod are put.
#[derive(Debug, Clone)]
pub(in crate::replication) struct Link {
    pod: PodName,
    calls: Calls<pb::Request, pb::Response>,
}

impl Link {
    /// A connection that is made when it is first used.
    pub(super) fn new(pod: PodName, peers: Weak<Peers>) -> Self {
        let calls = Calls::over(ToPod {
            pod: pod.clone(),
            peers,
        });
        Self { pod, calls }
    }

    /// Says something, and waits for the answer. Two calls arrive in the order in which they were first polled.
    pub(in crate::replication) async fn call(&self, request: pb::Request) -> Result<Answer, Lost> {
        let lost = |text: String| Lost {
            pod: self.pod.clone(),
            text,
        };
        let response = self.calls.call(request).await;
        let response =
            response.map_err(|status| lost(format!("{}: {}", status.code(), status.message())))?;
        match response.answer {
            Some(Answer::Unavailable(why)) => Err(lost(why)),
            Some(answer) => Ok(answer),
            None => Err(lost("an answer without one".to_owned())),
        }
    }
}

/// Streams to one pod, wherever it is.
struct ToPod {
    pod: PodName,
    peers: Weak<Peers>,
}

#[tonic::async_trait]
impl Line for ToPod {
    type Request = pb::Request;
    type Response = pb::Response;

    const PAUSE: Duration = Duration::from_millis(100);

    async fn open(
        &self,
        frames: Frames<pb::Request, pb::Response>,
    ) -> Result<BoxStream<'static, Result<Vec<pb::Response>, Status>>, Status> {
        let peers = self.peers.upgrade();
        let peers = peers.ok_or_else(|| Status::cancelled("this process is about to end"))?;
        let url = peers.url(&self.pod);
        let url = url.ok_or_else(|| Status::unavailable("it has no address"))?;
        let endpoint = Endpoint::from_shared(url)
            .map_err(|error| Status::internal(error.to_string()))?
            .connect_timeout(CONNECT_MAX)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES);
        let mut client = RaftServiceClient::new(peers.dial().dial(endpoint))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        // Says whose stream this is, before anything else.
        let hello = vec![peers.hello()];
        let frames = stream::once(async { hello }).chain(frames);
        drop(peers);
        let frames = frames.map(|requests| pb::Requests { requests });
        let answers = client.exchange(frames).await?;
        let (pod, peers) = (self.pod.clone(), Weak::clone(&self.peers));
        let answers = answers.into_inner().map_ok(move |frame| {
            if let Some(peers) = peers.upgrade() {
                peers.heard_from(&pod, None);
            }
            frame.responses
        });
        Ok(answers.boxed())
    }
}

impl Question for pb::Request {
    fn set_id(&mut self, id: u64) {
        self.id = id;
    }
}

impl exchange::Answer for pb::Response {
    fn id(&self) -> u64 {
        self.id
    }
}
