//! The connection to one pod: one stream each way, made when something is to be said and again after it broke.
//!
//! Messages of all shards that wait together go out as one. What was sent and not answered when the stream breaks is
//! lost: whoever sent it hears so, and says it again if it still matters.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use anabranch_domain::PodName;
use anabranch_proto::{
    MESSAGE_BYTES_MAX,
    raft::{self as pb, raft_service_client::RaftServiceClient, response::Answer},
};
use prost::Message as _;
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};
use tonic::{Streaming, transport::Endpoint};

use super::Peers;
use crate::dial::Dial;

/// A connection that takes longer is tried anew: pods are in the same cluster.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// A pod that is silent this long under a keep-alive is taken for lost.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// Between two attempts to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);
/// Messages that wait for the stream; more wait where they are made.
const QUEUE: usize = 1024;
/// One frame takes no more messages once it has so many bytes.
const FRAME_BYTES_ENOUGH: usize = 2 << 20;
/// One frame takes no more messages than this.
const FRAME_MESSAGES_MAX: usize = 256;
/// HTTP/2 flow control, in bytes.
const WINDOW_BYTES: u32 = 32 << 20;

/// Why a message has no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("pod {pod}: {text}")]
pub(in crate::replication) struct Lost {
    pub(super) pod: PodName,
    pub(super) text: String,
}

type Answered = oneshot::Sender<Result<Answer, Lost>>;

/// Where messages to one pod are put.
#[derive(Debug, Clone)]
pub(in crate::replication) struct Link {
    pod: PodName,
    queue: mpsc::Sender<(pb::Request, Answered)>,
}

impl Link {
    /// A connection that is made when it is first used.
    pub(super) fn new(pod: PodName, peers: Weak<Peers>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(pod.clone(), peers, waiting));
        Self { pod, queue }
    }

    /// Says something, and waits for the answer. Two calls arrive in the order in which they were first polled.
    pub(in crate::replication) async fn call(&self, request: pb::Request) -> Result<Answer, Lost> {
        let (answered, answer) = oneshot::channel();
        let lost = |text: &str| Lost {
            pod: self.pod.clone(),
            text: text.to_owned(),
        };
        let queued = self.queue.send((request, answered)).await;
        queued.map_err(|_| lost("this process is about to end"))?;
        match answer.await {
            Ok(Ok(Answer::Unavailable(why))) => Err(lost(&why)),
            Ok(answer) => answer,
            Err(_) => Err(lost("the connection broke")),
        }
    }
}

/// Requests under way, by id.
type Pending = Arc<Mutex<HashMap<u64, Answered>>>;

async fn run(
    pod: PodName,
    peers: Weak<Peers>,
    mut waiting: mpsc::Receiver<(pb::Request, Answered)>,
) {
    while let Some(first) = waiting.recv().await {
        let Some(all) = peers.upgrade() else { return };
        let (url, hello, dial) = (all.url(&pod), all.hello(), all.dial());
        drop(all);
        match connect(url, &*dial).await {
            Ok((frames, answers)) => {
                let pending = Pending::default();
                let sending = send(hello, first, &mut waiting, frames, &pending);
                let hearing = hear(&pod, &peers, answers, &pending);
                // Whichever ends, the stream is over; what is pending is dropped, which tells who waits.
                tokio::select! {
                    () = sending => {}
                    () = hearing => {}
                }
            }
            Err(text) => {
                let lost = Lost {
                    pod: pod.clone(),
                    text,
                };
                let _ = first.1.send(Err(lost.clone()));
                while let Ok((_, answered)) = waiting.try_recv() {
                    let _ = answered.send(Err(lost.clone()));
                }
                sleep(CONNECT_PAUSE).await;
            }
        }
    }
}

async fn connect(
    url: Option<String>,
    dial: &dyn Dial,
) -> Result<(mpsc::Sender<pb::Requests>, Streaming<pb::Responses>), String> {
    let url = url.ok_or("it has no address")?;
    let endpoint = Endpoint::from_shared(url)
        .map_err(|error| error.to_string())?
        .connect_timeout(CONNECT_MAX)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES);
    let mut client = RaftServiceClient::new(dial.dial(endpoint))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let (frames, outgoing) = mpsc::channel(2);
    let outgoing = futures_util::stream::unfold(outgoing, |mut outgoing| async move {
        outgoing.recv().await.map(|frame| (frame, outgoing))
    });
    match timeout(CONNECT_MAX * 2, client.exchange(outgoing)).await {
        Ok(Ok(answers)) => Ok((frames, answers.into_inner())),
        Ok(Err(status)) => Err(format!("{}: {}", status.code(), status.message())),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

async fn send(
    hello: pb::Request,
    first: (pb::Request, Answered),
    waiting: &mut mpsc::Receiver<(pb::Request, Answered)>,
    frames: mpsc::Sender<pb::Requests>,
    pending: &Pending,
) {
    let mut next_id = 1;
    // Says whose stream this is, before anything else.
    let mut frame = vec![hello];
    let mut next = Some(first);
    while let Some(mut taken) = next {
        let mut bytes = 0;
        loop {
            let (request, answered) = taken;
            bytes += request.encoded_len();
            pending
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(next_id, answered);
            frame.push(pb::Request {
                id: next_id,
                ..request
            });
            next_id += 1;
            if bytes >= FRAME_BYTES_ENOUGH || frame.len() >= FRAME_MESSAGES_MAX {
                break;
            }
            let Ok(also) = waiting.try_recv() else { break };
            taken = also;
        }
        let requests = std::mem::take(&mut frame);
        if frames.send(pb::Requests { requests }).await.is_err() {
            return;
        }
        next = waiting.recv().await;
    }
}

async fn hear(
    pod: &PodName,
    peers: &Weak<Peers>,
    mut answers: Streaming<pb::Responses>,
    pending: &Pending,
) {
    while let Ok(Some(frame)) = answers.message().await {
        if let Some(peers) = peers.upgrade() {
            peers.heard_from(pod, None);
        }
        for response in frame.responses {
            let answered = {
                let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
                pending.remove(&response.id)
            };
            if let (Some(answered), Some(answer)) = (answered, response.answer) {
                let _ = answered.send(Ok(answer));
            }
        }
    }
}
