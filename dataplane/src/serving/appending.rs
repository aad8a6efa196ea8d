//! Appends that gateways send, one in a call or many in a stream.

use std::{sync::Arc, time::Duration};

use anabranch_proto::shard::{
    self as pb, append_answer::Answer, append_response::Outcome, refused::Why,
};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use super::{
    Attempt, FormedShards, ServedShards,
    messages::{self, Malformed, refused},
    unserved::{Unserved, subject},
};
use crate::{encryption::KeyFile, exchange::answered, shard::Append};

/// Takes appends to the shards of this pod.
#[derive(Clone)]
pub(super) struct Appending {
    pub(super) served: Arc<ServedShards>,
    pub(super) formed: Arc<FormedShards>,
    pub(super) keys: Arc<KeyFile>,
    pub(super) ending: CancellationToken,
}

impl Appending {
    /// Appends what the shard's limits let in. Fails where the message makes no sense.
    pub(super) async fn append(
        &self,
        request: pb::AppendRequest,
    ) -> Result<pb::AppendResponse, Status> {
        let attempt = if request.is_admitted {
            Attempt::Repeated
        } else {
            Attempt::First
        };
        let subject = subject(&self.formed, request.shard.as_ref());
        let asked = subject.and_then(|subject| Ok((subject, self.append_of(request)?)));
        let (subject, append) = match asked {
            Ok(asked) => asked,
            Err(unserved) => return Ok(answer_of(unserved.into_refused()?)),
        };
        let appending = self.served.append(subject.borrowed(), append, attempt);
        let verdict = appending.await;
        let outcome = verdict.outcome.map(|outcome| match outcome {
            Ok(appended) => Outcome::Appended(pb::Appended {
                first_ordinal: appended.first_ordinal,
                arrival_ms: appended.arrival.as_millis(),
            }),
            Err(refusal) => Outcome::Refused(messages::not_appended_to(refusal)),
        });
        let throttled = verdict.throttled.into_iter();
        let throttled = throttled.map(u32::try_from).map_while(Result::ok);
        Ok(pb::AppendResponse {
            throttled: throttled.collect(),
            outcome,
        })
    }

    fn append_of(&self, request: pb::AppendRequest) -> Result<Append, Unserved> {
        let sealing = match request.key_id.as_str() {
            "" => None,
            id => {
                let key = id.parse().ok().and_then(|id| self.keys.sealing_key(&id));
                Some(key.ok_or_else(|| Unserved::NoSuchKey(id.to_owned()))?)
            }
        };
        let records = request.records.into_iter().map(messages::record_from);
        let records: Vec<_> = records.collect::<Result<_, _>>()?;
        if records.is_empty() {
            return Err(Malformed("records").into());
        }
        Ok(Append {
            records,
            token: Some(messages::token_from(&request.token)?),
            sealing,
        })
    }

    /// Answers the appends of one gateway, each as soon as it is done, until this process is about to end.
    pub(super) fn stream(
        self,
        questions: Streaming<pb::AppendQuestions>,
    ) -> impl Stream<Item = Result<pb::AppendAnswers, Status>> + Send {
        let ending = self.ending.clone().cancelled_owned();
        let questions = questions.map_ok(|frame| frame.questions);
        let answers = answered(
            Box::pin(questions.take_until(ending)),
            move |question: pb::AppendQuestion| {
                let appending = self.clone();
                async move { appending.answer(question).await }
            },
        );
        answers.map_ok(|answers| pb::AppendAnswers { answers })
    }

    async fn answer(&self, question: pb::AppendQuestion) -> pb::AppendAnswer {
        let patience = Duration::from_millis(question.patience_ms.into());
        let request = question.request.unwrap_or_default();
        let answer = match timeout(patience, self.append(request)).await {
            Ok(Ok(response)) => Answer::Response(response),
            Ok(Err(status)) => Answer::Malformed(status.message().to_owned()),
            Err(_) => {
                let text = "the caller's patience is over";
                Answer::Response(answer_of(refused(Why::Unclear, text)))
            }
        };
        pb::AppendAnswer {
            id: question.id,
            answer: Some(answer),
        }
    }
}

fn answer_of(refused: pb::Refused) -> pb::AppendResponse {
    pb::AppendResponse {
        throttled: Vec::new(),
        outcome: Some(Outcome::Refused(refused)),
    }
}
