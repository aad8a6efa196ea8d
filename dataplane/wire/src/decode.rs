//! A request's body, from bytes to the struct of its operation, stage by stage.

use crate::action::Action;
use crate::codec::{self, Codec};
use crate::conform::Conform;
use crate::constraint;
use crate::document::{Malformed, Value};
use crate::error::{ApiError, ErrorKind};
use crate::field::Mismatch;
use crate::request::Request;
use crate::schema;
use bytes::Bytes;

/// Reads a request: parse, type check, constraint check, struct. The first stage that fails decides the error.
pub fn decode(action: Action, codec: Codec, body: &Bytes) -> Result<Request, ApiError> {
    let document = parse(codec, body)?;
    let Some(table) = schema::input(action) else {
        return Ok(Request::NotEnabled(action));
    };
    let mut conform = Conform::new(codec, body);
    let members = conform
        .structure(table, document)
        .map_err(|wrong| ApiError::new(ErrorKind::SerializationException, wrong.0))?;
    constraint::check(table, &members)?;
    Request::from_checked(action, members, body)
        .map_err(|Mismatch| ApiError::bare(ErrorKind::InternalFailure))
}

fn parse(codec: Codec, body: &[u8]) -> Result<Value<'_>, ApiError> {
    match codec::read(codec, body) {
        Ok(document @ (Value::Map(_) | Value::List(_))) => Ok(document),
        Ok(_) | Err(Malformed) => Err(ApiError::bare(ErrorKind::SerializationException)),
    }
}
/// Whether the body is a document of its codec at all, which AWS looks at before it asks who sends it.
pub(crate) fn is_well_formed(codec: Codec, body: &[u8]) -> bool {
    parse(codec, body).is_ok()
}
