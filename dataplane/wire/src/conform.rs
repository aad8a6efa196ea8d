//! The type check: a body's tree against the table of its operation.
//!
//! Owns AWS's words for a member of the wrong type, which come before any constraint is looked at. Unknown members and nulls
//! are dropped here; numbers are truncated and clamped, blobs decoded, times brought to milliseconds. After it a value can be
//! wrong only in what it says, not in what it is.

mod base64;

use crate::codec::Codec;
use crate::document::Value;
use crate::schema::{ListRules, MapRules, Shape, Structure};
use crate::timestamp::Timestamp;
use base64::BlobBuffer;
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::BTreeMap;

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

/// What AWS says about a value of the wrong type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongType(pub(crate) Cow<'static, str>);

const LIST_NOT_EXPECTED: WrongType =
    WrongType(Cow::Borrowed("Start of list found where not expected"));
const MAP_NOT_EXPECTED: WrongType = WrongType(Cow::Borrowed(
    "Start of structure or map found where not expected.",
));

/// Brings the values of one body to the types of a table.
pub(crate) struct Conform<'b> {
    codec: Codec,
    body: &'b Bytes,
    blobs: BlobBuffer,
}

impl<'b> Conform<'b> {
    pub(crate) fn new(codec: Codec, body: &'b Bytes) -> Self {
        Conform {
            codec,
            body,
            blobs: BlobBuffer::for_body(body.len()),
        }
    }

    /// The members of a structure, each in its slot. A member given twice counts as its last, as in JSON.
    pub(crate) fn structure(
        &mut self,
        table: &Structure,
        value: Value<'b>,
    ) -> Result<Checked<'b>, WrongType> {
        let entries = match value {
            Value::Null => return Ok(Checked::Absent),
            Value::Map(entries) => entries,
            Value::List(_) => return Err(LIST_NOT_EXPECTED),
            _ => return Err(WrongType("Expected null".into())),
        };
        let mut slots = Vec::new();
        slots.resize_with(table.members.len(), || Checked::Absent);
        for (name, value) in entries {
            if let Some(position) = table.position(&name) {
                slots[position] = self.value(table.members[position].shape, value)?;
            }
        }
        Ok(Checked::Structure(slots))
    }

    fn value(&mut self, shape: &Shape, value: Value<'b>) -> Result<Checked<'b>, WrongType> {
        if matches!(value, Value::Null) {
            return Ok(Checked::Absent);
        }
        match shape {
            Shape::String(_) => text(value),
            Shape::Integer(_) => {
                integer(value, "Integer", i64::from(i32::MIN), i64::from(i32::MAX))
            }
            Shape::Long(_) => integer(value, "Long", i64::MIN, i64::MAX),
            Shape::Boolean => boolean(value),
            Shape::Timestamp => self.timestamp(&value),
            Shape::Blob(_) => self.blob(value),
            Shape::List(rules) => self.list(rules, value),
            Shape::Map(rules) => self.map(rules, value),
            Shape::Structure(table) => self.structure(table(), value),
        }
    }

    fn list(&mut self, rules: &ListRules, value: Value<'b>) -> Result<Checked<'b>, WrongType> {
        match value {
            Value::List(elements) => {
                let elements = elements
                    .into_iter()
                    .map(|element| self.value(rules.element, element));
                elements.collect::<Result<_, _>>().map(Checked::List)
            }
            Value::Map(_) => Err(MAP_NOT_EXPECTED),
            _ => Err(WrongType("Expected list or null".into())),
        }
    }

    /// A key given twice stands where it was first and has its last value, as in JSON.
    fn map(&mut self, rules: &MapRules, value: Value<'b>) -> Result<Checked<'b>, WrongType> {
        let entries = match value {
            Value::Map(entries) => entries,
            Value::List(_) => return Err(LIST_NOT_EXPECTED),
            _ => return Err(WrongType("Expected map or null".into())),
        };
        let mut checked: Vec<(Cow<'b, str>, Checked<'b>)> = Vec::with_capacity(entries.len());
        let mut positions = BTreeMap::new();
        for (key, value) in entries {
            let value = self.value(rules.value, value)?;
            if let Some(&position) = positions.get(&key) {
                let (_, earlier): &mut (_, Checked<'b>) = &mut checked[position];
                *earlier = value;
            } else {
                positions.insert(key.clone(), checked.len());
                checked.push((key, value));
            }
        }
        Ok(Checked::Map(checked))
    }

    fn blob(&mut self, value: Value<'b>) -> Result<Checked<'b>, WrongType> {
        match value {
            Value::Bytes(Cow::Borrowed(bytes)) => Ok(Checked::Blob(self.body.slice_ref(bytes))),
            Value::Bytes(Cow::Owned(bytes)) => Ok(Checked::Blob(Bytes::from(bytes))),
            Value::Text(text) => self.blobs.decode(&text).map(Checked::Blob),
            other => Err(not_convertible(&other, "a Blob")),
        }
    }

    /// JSON has seconds. CBOR has milliseconds where AWS's own SDKs write integers, and seconds in a float as the RFC says.
    fn timestamp(&self, value: &Value<'b>) -> Result<Checked<'b>, WrongType> {
        let time = match *value {
            Value::EpochMillis(millis) => Timestamp(millis),
            Value::Integer(millis) if self.codec == Codec::Cbor => Timestamp(millis),
            Value::Integer(seconds) => Timestamp(seconds.saturating_mul(1000)),
            Value::Float(seconds) => Timestamp::from_seconds(seconds),
            _ => return Err(not_convertible(value, "milliseconds since epoch")),
        };
        Ok(Checked::Timestamp(time))
    }
}

fn text(value: Value<'_>) -> Result<Checked<'_>, WrongType> {
    match value {
        Value::Text(text) => Ok(Checked::Text(text)),
        other => Err(not_convertible(&other, "an String")),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, which is what AWS does with a number out of range"
)]
fn integer(
    value: Value<'_>,
    target: &str,
    min: i64,
    max: i64,
) -> Result<Checked<'static>, WrongType> {
    match value {
        Value::Integer(number) | Value::EpochMillis(number) => {
            Ok(Checked::Number(number.clamp(min, max)))
        }
        Value::Float(number) => Ok(Checked::Number((number.floor() as i64).clamp(min, max))),
        other => Err(not_convertible(&other, &format!("an {target}"))),
    }
}

/// AWS reads several words as a boolean, in any case, and a number with a fraction too, but no whole number.
fn boolean(value: Value<'_>) -> Result<Checked<'static>, WrongType> {
    match value {
        Value::Boolean(flag) => Ok(Checked::Boolean(flag)),
        Value::Float(number) => Ok(Checked::Boolean(number != 0.0)),
        Value::Text(text) => match text.to_uppercase().as_str() {
            "TRUE" | "YES" | "1" => Ok(Checked::Boolean(true)),
            "FALSE" | "NO" | "0" => Ok(Checked::Boolean(false)),
            other => Err(WrongType(
                format!("'{other}' can not be converted to an Boolean").into(),
            )),
        },
        other => Err(not_convertible(&other, "an Boolean")),
    }
}

/// The words for a single value of the wrong type; a list or a map is refused before what was expected is looked at.
fn not_convertible(value: &Value<'_>, target: &str) -> WrongType {
    let class = match value {
        Value::List(_) => return LIST_NOT_EXPECTED,
        Value::Map(_) => return MAP_NOT_EXPECTED,
        Value::Boolean(_) => "java.lang.Boolean",
        Value::Integer(_) | Value::Float(_) | Value::EpochMillis(_) => {
            "com.amazon.coral.value.json.numbers.TruncatingBigNumber"
        }
        Value::Bytes(_) => "java.nio.HeapByteBuffer",
        Value::Text(_) | Value::Null => "java.lang.String",
    };
    WrongType(format!("class {class} can not be converted to {target}").into())
}
