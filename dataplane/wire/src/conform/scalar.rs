//! Single values: what each type takes, and AWS's words for what it does not.

use super::{Checked, Conform};
use crate::codec::Codec;
use crate::schema::Shape;
use crate::timestamp::Timestamp;
use bytes::Bytes;
use std::borrow::Cow;

pub(super) const LIST_NOT_EXPECTED: &str = "Start of list found where not expected";
pub(super) const MAP_NOT_EXPECTED: &str = "Start of structure or map found where not expected.";

/// A single value of a body, as its codec has it.
#[derive(Debug)]
pub(super) enum Scalar<'a> {
    Boolean(bool),
    Integer(i64),
    /// A number with a fraction, or too large for an integer.
    Float(f64),
    Text(Cow<'a, str>),
    /// Only CBOR has them.
    Bytes(Cow<'a, [u8]>),
}

impl<'b> Conform<'b> {
    /// The value in the type that the shape asks for, or what AWS says about it.
    pub(super) fn convert(
        &mut self,
        shape: &Shape,
        scalar: Scalar<'b>,
    ) -> Result<Checked<'b>, String> {
        match shape {
            Shape::String(_) => text(scalar),
            Shape::Integer(_) => {
                integer(&scalar, "Integer", i64::from(i32::MIN), i64::from(i32::MAX))
            }
            Shape::Long(_) => integer(&scalar, "Long", i64::MIN, i64::MAX),
            Shape::Boolean => boolean(&scalar),
            Shape::Timestamp => self.timestamp(&scalar),
            Shape::Blob(_) => self.blob(scalar),
            Shape::List(_) => Err("Expected list or null".to_owned()),
            Shape::Map(_) => Err("Expected map or null".to_owned()),
            Shape::Structure(_) => Err("Expected null".to_owned()),
        }
    }

    /// Slices of the body where it holds the bytes; base64 from JSON, and from a CBOR client that sends it all the same.
    fn blob(&mut self, scalar: Scalar<'b>) -> Result<Checked<'b>, String> {
        match scalar {
            Scalar::Bytes(Cow::Borrowed(bytes)) => Ok(Checked::Blob(self.body.slice_ref(bytes))),
            Scalar::Bytes(Cow::Owned(bytes)) => Ok(Checked::Blob(Bytes::from(bytes))),
            Scalar::Text(text) => self.blobs.decode(&text).map(Checked::Blob),
            other => Err(not_convertible(&other, "a Blob")),
        }
    }

    /// JSON has seconds. CBOR has milliseconds where AWS's own SDKs write integers, and seconds in a float as the RFC says.
    fn timestamp(&self, scalar: &Scalar<'b>) -> Result<Checked<'b>, String> {
        let time = match *scalar {
            Scalar::Integer(millis) if self.codec == Codec::Cbor => Timestamp(millis),
            Scalar::Integer(seconds) => Timestamp(seconds.saturating_mul(1000)),
            Scalar::Float(seconds) => Timestamp::from_seconds(seconds),
            _ => return Err(not_convertible(scalar, "milliseconds since epoch")),
        };
        Ok(Checked::Timestamp(time))
    }
}

fn text(scalar: Scalar<'_>) -> Result<Checked<'_>, String> {
    match scalar {
        Scalar::Text(text) => Ok(Checked::Text(text)),
        other => Err(not_convertible(&other, "an String")),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, which is what AWS does with a number out of range"
)]
fn integer(
    scalar: &Scalar<'_>,
    target: &str,
    min: i64,
    max: i64,
) -> Result<Checked<'static>, String> {
    match *scalar {
        Scalar::Integer(number) => Ok(Checked::Number(number.clamp(min, max))),
        Scalar::Float(number) => Ok(Checked::Number((number.floor() as i64).clamp(min, max))),
        _ => Err(not_convertible(scalar, &format!("an {target}"))),
    }
}

/// AWS reads several words as a boolean, in any case, and a number with a fraction too, but no whole number.
fn boolean(scalar: &Scalar<'_>) -> Result<Checked<'static>, String> {
    match scalar {
        Scalar::Boolean(flag) => Ok(Checked::Boolean(*flag)),
        Scalar::Float(number) => Ok(Checked::Boolean(*number != 0.0)),
        Scalar::Text(text) => match text.to_uppercase().as_str() {
            "TRUE" | "YES" | "1" => Ok(Checked::Boolean(true)),
            "FALSE" | "NO" | "0" => Ok(Checked::Boolean(false)),
            other => Err(format!("'{other}' can not be converted to an Boolean")),
        },
        other => Err(not_convertible(other, "an Boolean")),
    }
}

fn not_convertible(scalar: &Scalar<'_>, target: &str) -> String {
    let class = match scalar {
        Scalar::Boolean(_) => "java.lang.Boolean",
        Scalar::Integer(_) | Scalar::Float(_) => {
            "com.amazon.coral.value.json.numbers.TruncatingBigNumber"
        }
        Scalar::Bytes(_) => "java.nio.HeapByteBuffer",
        Scalar::Text(_) => "java.lang.String",
    };
    format!("class {class} can not be converted to {target}")
}
