//! Answers as HTTP: status, headers and body, the same for every action.

use anabranch_wire::Codec;
use anabranch_wire::protocol::{self, Head};
use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};

use super::request_id::RequestId;
use crate::operations;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");

/// What an action answered.
pub(super) fn answer(codec: Codec, answer: operations::Answer) -> Response<Body> {
    match answer {
        operations::Answer::Body(bytes) => {
            let length = HeaderValue::from(bytes.len());
            let mut response = Response::new(Body::from(bytes));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(codec.content_type()));
            headers.insert(CONTENT_LENGTH, length);
            response
        }
        operations::Answer::EventStream(stream) => {
            let mut response = Response::new(Body::from_stream(stream));
            response.headers_mut().insert(CONTENT_TYPE, EVENT_STREAM);
            response
        }
    }
}

/// What was refused, by an action or before one.
pub(super) fn refusal(refusal: protocol::Answer) -> Response<Body> {
    let length = HeaderValue::from(refusal.body.len());
    let mut response = Response::new(Body::from(refusal.body));
    *response.status_mut() =
        StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length);
    if let Some(content_type) = refusal.content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if let Some(error_type) = refusal.error_type {
        headers.insert(ERROR_TYPE, HeaderValue::from_static(error_type));
    }
    response
}

/// The ids of every answer, and what a browser needs.
pub(super) fn with_common_headers(
    mut response: Response<Body>,
    id: &RequestId,
    head: &Head<'_>,
) -> Response<Body> {
    let headers = response.headers_mut();
    let mut insert = |name: HeaderName, value: &str| {
        // Only what a client sent can fail to be a header's value, and it came as one.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert(REQUEST_ID, id.as_str());
    if !protocol::is_preflight(head) {
        insert(EXTENDED_ID, &id.extended());
    }
    for (name, value) in protocol::cors_headers(head) {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            insert(name, value);
        }
    }
    response
}
