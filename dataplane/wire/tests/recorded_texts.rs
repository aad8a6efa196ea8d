//! Refusals word for word as they were recorded from AWS, for every operation of which there are recordings.
//!
//! Where AWS's newest model has another limit than the recording, the limit is the model's and the words are the recording's.

mod recorded_texts {
    mod constraints;
    mod types;
}

use anabranch_wire::{Action, ApiError, Codec, ErrorKind, decode};
use bytes::Bytes;
use serde_json::Value;

/// The refusal of a JSON request.
fn refusal(action: &str, request: &Value) -> ApiError {
    let action = Action::from_name(action).expect("the table names operations of the model");
    let body = Bytes::from(request.to_string());
    decode(action, Codec::Json, &body).expect_err(&format!("{action} of {request}"))
}

/// Checks that the request breaks exactly these constraints, in this order.
fn assert_violations(action: &str, request: &Value, violations: &[String]) {
    let refusal = refusal(action, request);
    assert_eq!(
        refusal.kind,
        ErrorKind::ValidationException,
        "{action} of {request}"
    );
    let plural = if violations.len() == 1 { "" } else { "s" };
    let expected = format!(
        "{} validation error{plural} detected: {}",
        violations.len(),
        violations.join("; ")
    );
    assert_eq!(
        refusal.message.as_deref(),
        Some(expected.as_str()),
        "{action} of {request}"
    );
}

/// Checks that the request is refused for a member of the wrong type, in these words.
fn assert_wrong_type(action: &str, request: &Value, text: &str) {
    let refusal = refusal(action, request);
    assert_eq!(
        refusal.kind,
        ErrorKind::SerializationException,
        "{action} of {request}"
    );
    assert_eq!(
        refusal.message.as_deref(),
        Some(text),
        "{action} of {request}"
    );
}
