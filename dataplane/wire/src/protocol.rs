//! What comes before an operation: method, content type and target, and AWS's answers where they are wrong.
//!
//! AWS checks in this order, which clients can see when two things are wrong at once:
//!
//! ```text
//! preflight → method → empty body → content type → body is a document → operation → signature → types → constraints
//! ```
//!
//! A document is expensive to read and nearly always fine, so it is read once, when the operation is decoded; only a request
//! that is about to be refused for a later reason is looked at here for the earlier one.

mod answer;
mod cors;

pub use answer::Answer;
pub use cors::{cors_headers, is_preflight};

use crate::action::Action;
use crate::codec::{Codec, media_type};
use crate::decode::is_well_formed;
use crate::error::{ApiError, ErrorKind};

/// The parts of a request's head that decide which operation it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `X-Amz-Target`.
    pub target: Option<&'a str>,
    /// `Origin`.
    pub origin: Option<&'a str>,
    /// `Access-Control-Request-Headers`.
    pub access_control_request_headers: Option<&'a str>,
    /// `Access-Control-Request-Method`.
    pub access_control_request_method: Option<&'a str>,
}

/// The operation and the codec of a request, or the answer that it gets instead of one.
///
/// `Ok` does not say that the body is a document: [`decode`](crate::decode) finds that out. A signature that is refused in
/// between is answered by [`signature_refusal`].
pub fn classify(head: &Head<'_>, body: &[u8]) -> Result<(Action, Codec), Answer> {
    if is_preflight(head) {
        return Err(Answer::preflight());
    }
    if head.method != "POST" {
        return Err(Answer::no_operation_to_authorize());
    }
    let content_type = media_type(head.content_type.unwrap_or_default());
    let codec = Codec::from_content_type(content_type);
    let action = head.target.and_then(Action::from_target);
    if body.is_empty() {
        return Err(empty_body(action, codec));
    }
    match (codec, action) {
        (Some(codec), Some(action)) => Ok((action, codec)),
        (Some(codec), None) => Err(unknown_operation(codec, body)),
        (None, _) if content_type == "application/json" => Err(plain_json(body)),
        (None, _) if names_an_operation(head.target) => Err(Answer::unknown_operation_xml()),
        (None, _) => Err(Answer::no_operation_to_authorize()),
    }
}

/// What a request with a refused signature is told: AWS would have said before that its body is no document.
pub fn signature_refusal(codec: Codec, body: &[u8], refusal: ApiError) -> ApiError {
    if is_well_formed(codec, body) {
        refusal
    } else {
        ApiError::bare(ErrorKind::SerializationException)
    }
}

/// Without a body AWS answers in CBOR to all but JSON 1.1.
fn empty_body(action: Option<Action>, codec: Option<Codec>) -> Answer {
    let kind = match action {
        Some(_) => ErrorKind::SerializationException,
        None => ErrorKind::UnknownOperationException,
    };
    Answer::error(codec.unwrap_or(Codec::Cbor), &ApiError::bare(kind))
}

fn unknown_operation(codec: Codec, body: &[u8]) -> Answer {
    let unknown = ApiError::bare(ErrorKind::UnknownOperationException);
    Answer::error(codec, &signature_refusal(codec, body, unknown))
}

/// `application/json` belongs to an older protocol that goes no further than this.
fn plain_json(body: &[u8]) -> Answer {
    if is_well_formed(Codec::Json, body) {
        Answer::older_protocol(404, ErrorKind::UnknownOperationException)
    } else {
        Answer::older_protocol(400, ErrorKind::SerializationException)
    }
}

/// Whether there is something on both sides of the target's first dot.
fn names_an_operation(target: Option<&str>) -> bool {
    let mut parts = target.unwrap_or_default().split('.');
    let mut is_given = || parts.next().is_some_and(|part| !part.is_empty());
    is_given() && is_given()
}
