//! The three frames a `SubscribeToShard` response is made of, with their headers in AWS's order. The payload is the
//! event or error structure in the codec of the request, written by the caller.

use bytes::BytesMut;

use super::{Header, HeaderNames, append_frame};

/// Appends the frame every response must begin with. SDKs refuse a stream whose first frame is another one; `payload`
/// writes the operation's empty output structure.
pub fn append_initial_response(
    out: &mut BytesMut,
    content_type: &str,
    payload: impl FnOnce(&mut BytesMut),
) {
    append_event(out, "initial-response", content_type, payload);
}

/// Appends a `SubscribeToShardEvent`.
pub fn append_subscribe_to_shard_event(
    out: &mut BytesMut,
    content_type: &str,
    payload: impl FnOnce(&mut BytesMut),
) {
    append_event(out, "SubscribeToShardEvent", content_type, payload);
}

/// Appends an error: `exception_type` is the name of the error shape, such as `ResourceInUseException`. The response
/// ends after it.
pub fn append_exception(
    out: &mut BytesMut,
    exception_type: &str,
    content_type: &str,
    payload: impl FnOnce(&mut BytesMut),
) {
    let headers = [
        Header::new(HeaderNames::EXCEPTION_TYPE, exception_type),
        Header::new(HeaderNames::CONTENT_TYPE, content_type),
        Header::new(HeaderNames::MESSAGE_TYPE, "exception"),
    ];
    append_frame(out, &headers, payload);
}

fn append_event(
    out: &mut BytesMut,
    event_type: &str,
    content_type: &str,
    payload: impl FnOnce(&mut BytesMut),
) {
    let headers = [
        Header::new(HeaderNames::EVENT_TYPE, event_type),
        Header::new(HeaderNames::CONTENT_TYPE, content_type),
        Header::new(HeaderNames::MESSAGE_TYPE, "event"),
    ];
    append_frame(out, &headers, payload);
}
