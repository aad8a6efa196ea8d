//! Appends to one pod: the small ones share a stream, each large one is a call of its own.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anabranch_proto::shard::{self as pb, append_answer::Answer};
use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use prost::Message as _;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::remote::Client;
use crate::exchange::{self, Calls, Frames, Line, Question};

/// An append of more bytes than this is a call of its own: what a call costs is little beside it, and nothing waits behind it.
const SMALL_BYTES_MAX: usize = 64 << 10;
/// How long a pod of an earlier release, which takes no stream, is asked one by one before it is tried again.
const ONE_BY_ONE: Duration = Duration::from_secs(30);

/// Appends to one pod.
#[derive(Clone)]
pub(super) struct Appends {
    client: Client,
    calls: Calls<pb::AppendQuestion, pb::AppendAnswer>,
    /// When the pod is to be asked for a stream again, if it had none.
    one_by_one: Arc<Mutex<Option<Instant>>>,
}

impl Appends {
    /// Appends that `client` sends.
    pub(super) fn over(client: Client) -> Self {
        Self {
            calls: Calls::over(ToPod(client.clone())),
            client,
            one_by_one: Arc::default(),
        }
    }

    /// Sends an append, and gives the pod's answer. The caller waits no longer than `patience`; the pod is told.
    pub(super) async fn append(
        &self,
        request: &pb::AppendRequest,
        patience: Duration,
    ) -> Result<pb::AppendResponse, Status> {
        if request.encoded_len() > SMALL_BYTES_MAX || self.is_one_by_one() {
            return self.alone(request).await;
        }
        let question = pb::AppendQuestion {
            id: 0,
            request: Some(request.clone()),
            patience_ms: u32::try_from(patience.as_millis()).unwrap_or(u32::MAX),
        };
        match self.calls.call(question).await {
            Ok(answer) => match answer.answer {
                Some(Answer::Response(response)) => Ok(response),
                Some(Answer::Malformed(text)) => Err(Status::invalid_argument(text)),
                None => Err(Status::internal("an answer without one")),
            },
            Err(status) if status.code() == Code::Unimplemented => {
                *self.one_by_one() = Some(Instant::now() + ONE_BY_ONE);
                self.alone(request).await
            }
            Err(status) => Err(status),
        }
    }

    async fn alone(&self, request: &pb::AppendRequest) -> Result<pb::AppendResponse, Status> {
        let answer = self.client.clone().append(request.clone()).await;
        answer.map(tonic::Response::into_inner)
    }

    fn one_by_one(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.one_by_one
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_one_by_one(&self) -> bool {
        self.one_by_one()
            .is_some_and(|until| Instant::now() < until)
    }
}

/// Streams to one pod.
struct ToPod(Client);

#[tonic::async_trait]
impl Line for ToPod {
    type Request = pb::AppendQuestion;
    type Response = pb::AppendAnswer;

    /// A put has somewhere else to go.
    const PAUSE: Duration = Duration::ZERO;

    async fn open(
        &self,
        frames: Frames<pb::AppendQuestion, pb::AppendAnswer>,
    ) -> Result<BoxStream<'static, Result<Vec<pb::AppendAnswer>, Status>>, Status> {
        let frames = frames.map(|questions| pb::AppendQuestions { questions });
        let mut client = self.0.clone();
        let answers = client.appends(frames).await?;
        let answers = answers.into_inner().map_ok(|frame| frame.answers);
        Ok(answers.boxed())
    }
}

impl Question for pb::AppendQuestion {
    fn set_id(&mut self, id: u64) {
        self.id = id;
    }
}

impl exchange::Answer for pb::AppendAnswer {
    fn id(&self) -> u64 {
        self.id
    }
}
