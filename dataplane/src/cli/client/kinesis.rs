//! One call: encode, sign, send, read, decode; and again where that is safe.

use std::time::{Duration, SystemTime};

use anabranch_wire::sigv4::{AmzDate, Signer};
use anabranch_wire::{Action, Codec, ErrorResponse, TARGET_PREFIX};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connection::{Connections, Protocol, SendError, Sender};
use super::{CallError, Subscription};

/// An answer's length that no operation exceeds: 10 MiB of records in base64 with their names around them.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// How often a call is tried again before its error is the caller's.
const RETRIES_MAX: u32 = 8;

/// The pause before the first retry; each further one is twice as long, up to `PAUSE_MAX`.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// A client of one endpoint.
#[derive(Debug)]
pub(in crate::cli) struct Kinesis {
    connections: Connections,
    signer: Signer,
    codec: Codec,
    timeout: Duration,
}

impl Kinesis {
    pub(super) fn new(
        connections: Connections,
        signer: Signer,
        codec: Codec,
        timeout: Duration,
    ) -> Self {
        Self {
            connections,
            signer,
            codec,
            timeout,
        }
    }

    /// Calls an operation that answers with something.
    pub(in crate::cli) async fn call<I: Serialize, O: DeserializeOwned>(
        &self,
        action: Action,
        input: &I,
    ) -> Result<O, CallError> {
        let body = self.send_patiently(action, input).await?;
        self.decode(action, &body)
    }

    /// Calls an operation that answers with nothing.
    pub(in crate::cli) async fn command<I: Serialize>(
        &self,
        action: Action,
        input: &I,
    ) -> Result<(), CallError> {
        self.send_patiently(action, input).await.map(drop)
    }

    /// Calls once, whatever comes of it.
    pub(in crate::cli) async fn call_once<I: Serialize, O: DeserializeOwned>(
        &self,
        action: Action,
        input: &I,
    ) -> Result<O, CallError> {
        let body = self
            .send(action, anabranch_wire::encode_request(self.codec, input))
            .await?;
        self.decode(action, &body)
    }

    /// Opens a `SubscribeToShard` stream.
    pub(in crate::cli) async fn subscribe<I: Serialize>(
        &self,
        input: &I,
    ) -> Result<Subscription, CallError> {
        let action = Action::SubscribeToShard;
        let (response, sender) = self
            .open(action, anabranch_wire::encode_request(self.codec, input))
            .await?;
        if response.status().is_success() {
            // The connection lives as long as the stream, and is not used again.
            return Ok(Subscription::new(response.into_body(), sender, self.codec));
        }
        let (head, body) = self.read(action, response, sender).await?;
        Err(self.refusal(action, &head, &body))
    }

    async fn send_patiently<I: Serialize>(
        &self,
        action: Action,
        input: &I,
    ) -> Result<Bytes, CallError> {
        let body = anabranch_wire::encode_request(self.codec, input);
        let mut retries = 0;
        loop {
            match self.send(action, body.clone()).await {
                Err(error) if retries < RETRIES_MAX && may_retry(action, &error) => {
                    tokio::time::sleep(PAUSE.saturating_mul(1 << retries).min(PAUSE_MAX)).await;
                    retries += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn send(&self, action: Action, body: Bytes) -> Result<Bytes, CallError> {
        let whole = async {
            let (response, sender) = self.open(action, body).await?;
            let (head, body) = self.read(action, response, sender).await?;
            if head.status.is_success() {
                Ok(body)
            } else {
                Err(self.refusal(action, &head, &body))
            }
        };
        let timed_out = |_| CallError::TimedOut {
            action: action.name(),
            after: self.timeout,
        };
        tokio::time::timeout(self.timeout, whole)
            .await
            .map_err(timed_out)?
    }

    /// Sends a request and waits for the head of its answer.
    async fn open(
        &self,
        action: Action,
        body: Bytes,
    ) -> Result<(Response<Incoming>, Sender), CallError> {
        let request = self.request(action, body)?;
        self.connections
            .send(request)
            .await
            .map_err(|error| match error {
                SendError::Connect(reason) => CallError::Connect {
                    endpoint: self.connections.endpoint().to_string(),
                    reason,
                },
                SendError::Broken(source) => CallError::Broken {
                    action: action.name(),
                    source,
                },
            })
    }

    /// Reads the body of an answer, and keeps its connection.
    async fn read(
        &self,
        action: Action,
        response: Response<Incoming>,
        sender: Sender,
    ) -> Result<(http::response::Parts, Bytes), CallError> {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| CallError::Unreadable {
            action: action.name(),
            reason: error.to_string(),
        })?;
        self.connections.keep(sender);
        Ok((head, body.to_bytes()))
    }

    fn decode<O: DeserializeOwned>(&self, action: Action, body: &[u8]) -> Result<O, CallError> {
        anabranch_wire::decode_response(self.codec, body).map_err(|error| CallError::Unreadable {
            action: action.name(),
            reason: error.to_string(),
        })
    }

    fn request(&self, action: Action, body: Bytes) -> Result<Request<Full<Bytes>>, CallError> {
        let endpoint = self.connections.endpoint();
        let target = format!("{TARGET_PREFIX}.{}", action.name());
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.codec.content_type()),
        );
        headers.insert("x-amz-target", header_value(&target));
        let uri = match self.connections.protocol() {
            Protocol::Http1 => {
                headers.insert(header::HOST, header_value(&endpoint.authority()));
                Uri::from_static("/")
            }
            // HTTP/2 says the host in the URI.
            Protocol::Http2 => format!("{endpoint}/")
                .parse()
                .expect("an endpoint is a URL"),
        };
        self.signer
            .sign(
                &Method::POST,
                &uri,
                &mut headers,
                &body,
                AmzDate::from_system_time(SystemTime::now()),
            )
            .map_err(|error| CallError::Unsignable(error.to_string()))?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn refusal(&self, action: Action, head: &http::response::Parts, body: &[u8]) -> CallError {
        let error: Option<ErrorResponse> = anabranch_wire::decode_response(self.codec, body).ok();
        let from_header = || {
            head.headers
                .get("x-amzn-errortype")?
                .to_str()
                .ok()
                .map(str::to_owned)
        };
        let (kind, message) = error.map_or((None, None), |error| (Some(error.kind), error.message));
        let kind = kind
            .or_else(from_header)
            .unwrap_or_else(|| format!("HTTP {}", head.status));
        CallError::Refused {
            action: action.name(),
            status: head.status.as_u16(),
            kind: plain_kind(&kind).to_owned(),
            message: message.unwrap_or_default(),
        }
    }
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("names of actions and hosts have no control characters")
}

/// An error type without the namespace before it and the address behind it, which some servers add.
fn plain_kind(kind: &str) -> &str {
    let kind = kind.rsplit('#').next().unwrap_or(kind);
    kind.split(':').next().unwrap_or(kind)
}

/// Whether a failed call can be made again without a chance of doing it twice.
fn may_retry(action: Action, error: &CallError) -> bool {
    let reads = ["Describe", "Get", "List"]
        .iter()
        .any(|verb| action.name().starts_with(verb));
    error.is_throttling()
        || (reads && error.is_transient() && !matches!(error, CallError::Connect { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, kind: &str, message: &str) -> CallError {
        CallError::Refused {
            action: "X",
            status,
            kind: kind.to_owned(),
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_write_is_repeated_only_when_it_was_surely_not_done() {
        let throttled = refused(
            400,
            "ProvisionedThroughputExceededException",
            "Rate exceeded for shard",
        );
        let broken = refused(500, "InternalFailure", "");
        assert!(may_retry(Action::PutRecord, &throttled));
        assert!(!may_retry(Action::PutRecord, &broken));
        assert!(may_retry(Action::GetRecords, &broken));
    }

    #[test]
    fn a_quota_that_is_used_up_is_no_reason_to_try_again() {
        let quota = refused(
            400,
            "LimitExceededException",
            "This request would exceed the shard limit for the account",
        );
        assert!(!may_retry(Action::CreateStream, &quota));
    }

    #[test]
    fn an_error_type_is_known_with_or_without_its_namespace() {
        assert_eq!(
            plain_kind("com.amazonaws.kinesis.v20131202#ResourceNotFoundException"),
            "ResourceNotFoundException"
        );
        assert_eq!(
            plain_kind("ValidationException:http://internal.amazon.com/"),
            "ValidationException"
        );
    }
}
