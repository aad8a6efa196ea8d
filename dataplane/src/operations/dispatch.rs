//! From a typed request to its answer: who may, then what is to be done.

use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::access::Caller;
use anabranch_wire::{ApiError, Codec, ErrorKind, Request, encode};
use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::control_plane::{self, Outcome};
use super::{
    Services, authorize, call_rates, get_records, get_shard_iterator, put_record, put_records,
    subscribe_to_shard,
};
use crate::fanout::EventStream;

/// What goes back to the caller.
pub enum Answer {
    /// A whole body.
    Body(Bytes),
    /// Frames, as long as the subscription lasts.
    EventStream(EventStream),
}

/// What is not known is waited for so long while the catalog is not current: an SDK that tries three times waits out the longest pause
/// between two attempts to hear of it again.
const HEARING_MAX: Duration = Duration::from_secs(4);
/// How often that wait looks.
const GLANCE: Duration = Duration::from_millis(100);

/// Carries out `request` for `caller`, if it may.
///
/// # Errors
/// What AWS answers. `ServiceUnavailable`, which SDKs try again, instead of `ResourceNotFoundException` while the catalog is not
/// current: the stream may have been made since.
pub async fn dispatch(
    services: &Arc<Services>,
    caller: &Caller,
    codec: Codec,
    request: Request,
) -> Result<Answer, ApiError> {
    let answer = carry_out(services, caller, codec, request).await;
    let is_unknown = |error: &ApiError| error.kind == ErrorKind::ResourceNotFoundException;
    if !answer.as_ref().err().is_some_and(is_unknown) || services.catalog.is_current() {
        return answer;
    }
    let since = Instant::now();
    while !services.catalog.is_current() && since.elapsed() < HEARING_MAX {
        sleep(GLANCE).await;
    }
    Err(ApiError::new(
        ErrorKind::ServiceUnavailable,
        "What there is cannot be asked at the moment, and this is not known. Try again.",
    ))
}

async fn carry_out(
    services: &Arc<Services>,
    caller: &Caller,
    codec: Codec,
    request: Request,
) -> Result<Answer, ApiError> {
    authorize::check(services, caller, &request)?;
    call_rates::admit(services, &request)?;
    match request {
        Request::PutRecord(input) => {
            let output = put_record::execute(services, input).await?;
            Ok(Answer::Body(encode(codec, &output)))
        }
        Request::PutRecords(input) => {
            let output = put_records::execute(services, input).await?;
            Ok(Answer::Body(encode(codec, &output)))
        }
        Request::GetShardIterator(input) => {
            let output = get_shard_iterator::execute(services, input).await?;
            Ok(Answer::Body(encode(codec, &output)))
        }
        Request::GetRecords(input) => get_records::execute(services, caller, codec, input)
            .await
            .map(Answer::Body),
        Request::SubscribeToShard(input) => subscribe_to_shard::execute(services, codec, input)
            .await
            .map(Answer::EventStream),
        request => match control_plane::execute(services, caller, codec, request).await? {
            Outcome::Answered(body) => Ok(Answer::Body(body)),
            Outcome::DataPlane(request) => {
                tracing::error!(action = %request.action(), "no one carries out this action");
                Err(ApiError::bare(ErrorKind::InternalFailure))
            }
        },
    }
}
