//! A body's tree as serde reads it, with blobs and times as either codec has them.

use crate::document::Value;
use crate::timestamp::{TIMESTAMP_TOKEN, Timestamp};
use base64_simd::STANDARD;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;

impl<'de> IntoDeserializer<'de, Error> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(flag) => visitor.visit_bool(flag),
            Value::Integer(number) | Value::EpochMillis(number) => visitor.visit_i64(number),
            Value::Float(number) => visitor.visit_f64(number),
            Value::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Value::Text(Cow::Owned(text)) => visitor.visit_string(text),
            Value::Bytes(Cow::Borrowed(bytes)) => visitor.visit_borrowed_bytes(bytes),
            Value::Bytes(Cow::Owned(bytes)) => visitor.visit_byte_buf(bytes),
            Value::List(elements) => visitor.visit_seq(SeqDeserializer::new(elements.into_iter())),
            Value::Map(entries) => visitor.visit_map(MapDeserializer::new(entries.into_iter())),
        }
    }

    /// An explicit null is no value, as for AWS.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Value::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name != TIMESTAMP_TOKEN {
            return visitor.visit_newtype_struct(self);
        }
        let time = match self {
            Value::EpochMillis(millis) => Timestamp(millis),
            Value::Integer(seconds) => Timestamp(seconds.saturating_mul(1000)),
            Value::Float(seconds) => Timestamp::from_seconds(seconds),
            _ => return Err(Error::custom("a time is no number")),
        };
        visitor.visit_i64(time.as_millis())
    }

    /// Text where bytes are wanted is base64.
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Value::Text(text) => {
                let bytes = STANDARD.decode_to_vec(text.as_bytes());
                visitor.visit_byte_buf(bytes.map_err(|_| Error::custom("a blob is no base64"))?)
            }
            value => value.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
