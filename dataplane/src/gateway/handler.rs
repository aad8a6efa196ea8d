//! One request, from its head to its answer.
//!
//! Owns the order of AWS's checks as far as they need bytes and identities: preflight, method, body, operation,
//! signature, types and constraints (`anabranch_wire`), then what was asked (`operations`). Every request leaves with
//! its ids and is counted once, whatever became of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch_wire::constraint::Bounds;
use anabranch_wire::protocol::{self, Head};
use anabranch_wire::{Action, ApiError, Codec, ErrorKind, aws_chunked, decode_within};
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Response, header};
use hyper::body::Incoming;
use hyper::service::Service;
use tracing::{Instrument, debug, info_span, warn};

use super::admission::BodyBudget;
use super::authenticate::Authenticator;
use super::body::{self, BodyRefused};
use super::request_id::RequestId;
use super::respond;
use crate::operations::{self, Services};

/// What a request passes through.
pub struct Gateway {
    /// What actions work with.
    pub services: Arc<Services>,
    /// Who may call.
    pub authenticator: Authenticator,
    /// How many bytes of bodies may be in memory.
    pub bodies: BodyBudget,
    /// What one request may hold.
    pub bounds: Bounds,
    /// How long a body may take to arrive.
    pub body_patience: Duration,
}

/// The whole API, as a connection asks it: AWS looks at neither path nor host, so there is nothing to route.
#[derive(Clone)]
pub struct GatewayService(Arc<Gateway>);

impl Service<Request<Incoming>> for GatewayService {
    type Response = Response<Body>;
    type Error = Infallible;
    /// Boxed, so that a connection on which nothing is asked does not hold the room of a request.
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let gateway = Arc::clone(&self.0);
        Box::pin(async move { Ok(handle(gateway, request.map(Body::new)).await) })
    }
}

/// An action's answer, or one from below the actions.
type Answered = Result<(Codec, operations::Answer), protocol::Answer>;

/// What is known of a request when it is answered: for its log line and its count.
#[derive(Default)]
struct Facts {
    action: Option<Action>,
    error: Option<ErrorKind>,
}

impl Gateway {
    /// What connections ask.
    pub fn service(self: Arc<Self>) -> GatewayService {
        GatewayService(self)
    }

    async fn answer(
        &self,
        parts: &Parts,
        head: &Head<'_>,
        body: Body,
        facts: &mut Facts,
    ) -> Answered {
        // What is refused for its head alone is refused without reading on.
        if head.method != "POST" {
            protocol::classify(head, &[])?;
        }
        let admitted = body::read(body, &self.bodies, self.body_patience)
            .await
            .map_err(refused_body)?;
        let (action, codec) = protocol::classify(head, &admitted.bytes)?;
        facts.action = Some(action);
        self.act(parts, action, codec, &admitted.bytes)
            .await
            .map(|answer| (codec, answer))
            .map_err(|error| {
                facts.error = Some(error.kind);
                protocol::Answer::error(codec, &error)
            })
    }

    async fn act(
        &self,
        parts: &Parts,
        action: Action,
        codec: Codec,
        body: &Bytes,
    ) -> Result<operations::Answer, ApiError> {
        let document = document(parts, body)?;
        let caller = self
            .authenticator
            .authenticate(parts, body, self.services.now())
            .map_err(|refusal| protocol::signature_refusal(codec, &document, refusal))?;
        let request = decode_within(action, codec, &document, self.bounds)?;
        operations::dispatch(&self.services, &caller, codec, request).await
    }
}

async fn handle(gateway: Arc<Gateway>, request: Request<Body>) -> Response<Body> {
    let id = RequestId::draw(&*gateway.services.entropy);
    let span = info_span!("request", id = id.as_str());
    serve(gateway, request, id).instrument(span).await
}

async fn serve(gateway: Arc<Gateway>, request: Request<Body>, id: RequestId) -> Response<Body> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let head = head(&parts);
    let mut facts = Facts::default();
    let response = match gateway.answer(&parts, &head, body, &mut facts).await {
        Ok((codec, answer)) => respond::answer(codec, answer),
        Err(refusal) => respond::refusal(refusal),
    };
    let took = started.elapsed();
    record(&gateway, &facts, response.status().as_u16(), took);
    respond::with_common_headers(response, &id, &head)
}

fn record(gateway: &Gateway, facts: &Facts, status: u16, took: Duration) {
    let outcome = match facts.error {
        Some(kind) => kind.name(),
        None if status < 400 => "ok",
        None => "refused",
    };
    let metrics = &gateway.services.metrics.requests;
    metrics.observe(facts.action, outcome, took);
    let action = facts.action.map_or("unknown", Action::name);
    if status >= 500 {
        warn!(action, outcome, status, ?took, "request failed");
    } else {
        debug!(action, outcome, status, ?took, "request answered");
    }
}

/// What the body says, without the frames in which some clients send it. The signature is over the frames too.
fn document(parts: &Parts, body: &Bytes) -> Result<Bytes, ApiError> {
    match text(&parts.headers, header::CONTENT_ENCODING) {
        Some(coding) if aws_chunked::is_named_by(coding) => Ok(aws_chunked::unframe(body)?),
        _ => Ok(body.clone()),
    }
}

fn head(parts: &Parts) -> Head<'_> {
    let value = |name| text(&parts.headers, name);
    Head {
        method: parts.method.as_str(),
        content_type: value(header::CONTENT_TYPE),
        target: text(&parts.headers, "x-amz-target"),
        origin: value(header::ORIGIN),
        access_control_request_headers: value(header::ACCESS_CONTROL_REQUEST_HEADERS),
        access_control_request_method: value(header::ACCESS_CONTROL_REQUEST_METHOD),
    }
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn refused_body(refused: BodyRefused) -> protocol::Answer {
    debug!(%refused, "body refused");
    match refused {
        BodyRefused::TooLarge => protocol::Answer::body_too_large(),
        BodyRefused::Busy | BodyRefused::TooSlow | BodyRefused::Broken => {
            let error = ApiError::bare(ErrorKind::ServiceUnavailable);
            protocol::Answer::error(Codec::Json, &error)
        }
    }
}
