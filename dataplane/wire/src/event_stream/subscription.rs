//! The three frames a `SubscribeToShard` response is made of, with their headers in AWS's order. The payload is the
//! event or error structure in the codec of the request, written by the caller.

use bytes::BytesMut;

use crate::{Codec, ErrorKind};

use super::{Header, HeaderNames, append_frame};

/// Appends the frame every response must begin with. SDKs refuse a stream whose first frame is another one; `payload`
/// writes the operation's empty output structure.
pub fn append_initial_response(
    out: &mut BytesMut,
    codec: Codec,
    payload: impl FnOnce(&mut BytesMut),
) {
    append_event(out, "initial-response", codec, payload);
}

/// Appends a `SubscribeToShardEvent`.
pub fn append_subscribe_to_shard_event(
    out: &mut BytesMut,
    codec: Codec,
    payload: impl FnOnce(&mut BytesMut),
) {
    append_event(out, "SubscribeToShardEvent", codec, payload);
}

/// Appends an error. The response ends after it.
pub fn append_exception(
    out: &mut BytesMut,
    kind: ErrorKind,
    codec: Codec,
    payload: impl FnOnce(&mut BytesMut),
) {
    let headers = [
        Header::new(HeaderNames::EXCEPTION_TYPE, kind.name()),
        Header::new(HeaderNames::CONTENT_TYPE, codec.content_type()),
        Header::new(HeaderNames::MESSAGE_TYPE, "exception"),
    ];
    append_frame(out, &headers, payload);
}

fn append_event(
    out: &mut BytesMut,
    event_type: &str,
    codec: Codec,
    payload: impl FnOnce(&mut BytesMut),
) {
    let headers = [
        Header::new(HeaderNames::EVENT_TYPE, event_type),
        Header::new(HeaderNames::CONTENT_TYPE, codec.content_type()),
        Header::new(HeaderNames::MESSAGE_TYPE, "event"),
    ];
    append_frame(out, &headers, payload);
}
