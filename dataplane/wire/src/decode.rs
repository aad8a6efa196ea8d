//! A request's body, from bytes to the struct of its operation, stage by stage.

use crate::action::Action;
use crate::codec::{self, Codec};
use crate::conform::{self, Refused};
use crate::constraint::{self, Bounds};
use crate::error::{ApiError, ErrorKind};
use crate::field::Mismatch;
use crate::request::Request;
use crate::schema;
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Reads a request: type check, constraint check, struct. The first stage that fails decides the error.
pub fn decode(action: Action, codec: Codec, body: &Bytes) -> Result<Request, ApiError> {
    decode_within(action, codec, body, Bounds::AWS)
}

/// As [`decode`], with other bounds than AWS's.
pub fn decode_within(
    action: Action,
    codec: Codec,
    body: &Bytes,
    bounds: Bounds,
) -> Result<Request, ApiError> {
    let Some(table) = schema::input(action) else {
        return if is_well_formed(codec, body) {
            Ok(Request::NotEnabled(action))
        } else {
            Err(MALFORMED)
        };
    };
    let members = conform::read(table, codec, body).map_err(|refused| match refused {
        Refused::Malformed => MALFORMED,
        Refused::WrongType(text) => ApiError::new(ErrorKind::SerializationException, text),
    })?;
    constraint::check(table, &members, bounds)?;
    Request::from_checked(action, members, body)
        .map_err(|Mismatch| ApiError::bare(ErrorKind::InternalFailure))
}

const MALFORMED: ApiError = ApiError::bare(ErrorKind::SerializationException);

/// Whether the body is a document of its codec at all, which AWS looks at before it asks who sends it.
pub(crate) fn is_well_formed(codec: Codec, body: &[u8]) -> bool {
    codec::read(codec, body, PhantomData::<AnyDocument>).is_ok()
}

/// A map or a list of anything, which is read and not kept.
struct AnyDocument;

impl<'de> Deserialize<'de> for AnyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyDocumentVisitor)
    }
}

struct AnyDocumentVisitor;

impl<'de> Visitor<'de> for AnyDocumentVisitor {
    type Value = AnyDocument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<AnyDocument, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(AnyDocument)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<AnyDocument, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(AnyDocument)
    }
}
