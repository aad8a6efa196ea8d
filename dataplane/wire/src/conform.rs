//! The type check: a body is read by the table of its operation.
//!
//! Owns AWS's words for a member of the wrong type, which come before any constraint is looked at, and after the finding that
//! a body is no document at all: so the first wrong type is kept aside until the body is read to its end. Unknown members
//! and nulls are passed over without being kept; numbers are truncated and clamped, blobs decoded, times brought to
//! milliseconds. After it a value can be wrong only in what it says, not in what it is.

mod base64;
mod collect;
mod node;
mod scalar;

use crate::codec::{self, Codec};
use crate::schema::{MapRules, Shape, Structure};
use crate::timestamp::Timestamp;
use base64::BlobBuffer;
use bytes::Bytes;
use node::Root;
use scalar::Scalar;
use std::borrow::Cow;

/// How many values of the table a body may hold. The largest request of the model has about 2,500; a list that is far too
/// long must still be read to be refused in AWS's words. At some 64 bytes a value this bounds a request to some 8 MiB.
const VALUES_MAX: usize = 131_072;

/// A value of the type that the table asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Checked<'a> {
    Absent,
    Boolean(bool),
    Number(i64),
    Text(Cow<'a, str>),
    Blob(Bytes),
    Timestamp(Timestamp),
    List(Vec<Checked<'a>>),
    Map(Vec<(Cow<'a, str>, Checked<'a>)>),
    /// One slot a member, in the order of the table.
    Structure(Vec<Checked<'a>>),
}

/// Why a body was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is no document of its codec, or past a bound.
    Malformed,
    /// A member is of the wrong type, in AWS's words.
    WrongType(String),
}

/// Reads the members of a request by its table.
pub(crate) fn read<'b>(
    table: &'static Structure,
    codec: Codec,
    body: &'b Bytes,
) -> Result<Checked<'b>, Refused> {
    let mut conform = Conform {
        codec,
        body,
        blobs: BlobBuffer::for_body(body.len()),
        wrong_type: None,
        values_left: VALUES_MAX,
    };
    let root = Root {
        table,
        conform: &mut conform,
    };
    let members = codec::read(codec, body, root).map_err(|_| Refused::Malformed)?;
    match conform.wrong_type {
        Some(text) => Err(Refused::WrongType(text)),
        None => Ok(members),
    }
}

/// The members of a map: of a structure by their table, or of one shape.
enum MapOf {
    Members(&'static Structure),
    Entries(&'static MapRules),
}

/// What the reading of one body knows.
struct Conform<'b> {
    codec: Codec,
    body: &'b Bytes,
    blobs: BlobBuffer,
    /// What AWS says about the first value of the wrong type.
    wrong_type: Option<String>,
    values_left: usize,
}

impl<'b> Conform<'b> {
    /// Takes one value from what a body may hold; false when it holds too many.
    fn spend(&mut self) -> bool {
        self.values_left = self.values_left.saturating_sub(1);
        self.values_left > 0
    }

    fn scalar(&mut self, shape: &'static Shape, scalar: Scalar<'b>) -> Checked<'b> {
        self.convert(shape, scalar).unwrap_or_else(|text| {
            self.refuse(text);
            Checked::Absent
        })
    }

    /// The shape of a list's elements; none where no list is wanted or nothing is kept any more.
    fn list(&mut self, shape: &'static Shape) -> Option<&'static Shape> {
        let Shape::List(rules) = shape else {
            self.refuse(scalar::LIST_NOT_EXPECTED.to_owned());
            return None;
        };
        Some(rules.element).filter(|_| self.wrong_type.is_none())
    }

    /// What a map holds; none where no map is wanted or nothing is kept any more.
    fn map(&mut self, shape: &'static Shape) -> Option<MapOf> {
        let wanted = match shape {
            Shape::Structure(table) => MapOf::Members(table()),
            Shape::Map(rules) => MapOf::Entries(rules),
            _ => {
                self.refuse(scalar::MAP_NOT_EXPECTED.to_owned());
                return None;
            }
        };
        Some(wanted).filter(|_| self.wrong_type.is_none())
    }

    fn refuse(&mut self, text: String) {
        self.wrong_type.get_or_insert(text);
    }
}
