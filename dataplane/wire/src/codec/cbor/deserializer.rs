//! CBOR as a serde format: definite and open lengths, tags, half floats, all that AWS's SDKs and others send.
//!
//! `minicbor` reads. Nesting costs no stack here: tags are read in a loop, what nobody asks for is skipped, and what is asked
//! for is as deep as the type that asks.

use crate::timestamp::{TIMESTAMP_TOKEN, Timestamp};
use minicbor::data::Type;
use minicbor::decode::Decoder;
use serde::de::value::Error;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Reads one value after another from a body.
pub(crate) struct CborDeserializer<'de> {
    decoder: Decoder<'de>,
}

fn malformed(error: minicbor::decode::Error) -> Error {
    Error::custom(error)
}

impl<'de> CborDeserializer<'de> {
    pub(crate) fn new(body: &'de [u8]) -> Self {
        CborDeserializer {
            decoder: Decoder::new(body),
        }
    }

    /// Whether all of the body was read.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.decoder.position() == self.decoder.input().len() {
            return Ok(());
        }
        Err(Error::custom("something follows the document"))
    }

    /// The type of the next value. Tags are passed over: what a value means, the type that asks for it says better.
    fn next_type(&mut self) -> Result<Type, Error> {
        loop {
            match self.decoder.datatype().map_err(malformed)? {
                Type::Tag => self.decoder.tag().map_err(malformed)?,
                other => return Ok(other),
            };
        }
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "past 2^63 a number is only clamped or refused"
    )]
    fn integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let number = i128::from(self.decoder.int().map_err(malformed)?);
        match i64::try_from(number) {
            Ok(number) => visitor.visit_i64(number),
            Err(_) => visitor.visit_f64(number as f64),
        }
    }

    /// A float of 16 bits: sign, 5 bits of exponent, 10 of fraction. Exact in 64 bits.
    fn half(&mut self) -> Result<f64, Error> {
        let start = self.decoder.position();
        self.decoder.skip().map_err(malformed)?;
        let &[_, high, low] = &self.decoder.input()[start..self.decoder.position()] else {
            return Err(Error::custom("a half float is two bytes"));
        };
        let bits = u16::from_be_bytes([high, low]);
        let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
        let fraction = f64::from(bits & 0x3ff);
        let magnitude = match i32::from(bits >> 10 & 0x1f) {
            0 => fraction * 2f64.powi(-24),
            31 if fraction == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            exponent => (fraction + 1024.0) * 2f64.powi(exponent - 25),
        };
        Ok(sign * magnitude)
    }

    /// The bytes of a text of up to 23, which is every member's name but few.
    fn short_text(&mut self) -> Option<&'de [u8]> {
        const SHORT_TEXT: u8 = 0x60;
        const SHORT_MAX: u8 = 23;
        let (input, start) = (self.decoder.input(), self.decoder.position() + 1);
        let length = input.get(start - 1)?.checked_sub(SHORT_TEXT)?;
        let end = start + usize::from(length);
        let text = input.get(start..end).filter(|_| length <= SHORT_MAX)?;
        self.decoder.set_position(end);
        Some(text)
    }

    fn chunked_text(&mut self) -> Result<String, Error> {
        let chunks = self.decoder.str_iter().map_err(malformed)?;
        chunks.collect::<Result<_, _>>().map_err(malformed)
    }

    fn chunked_bytes(&mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        for chunk in self.decoder.bytes_iter().map_err(malformed)? {
            bytes.extend_from_slice(chunk.map_err(malformed)?);
        }
        Ok(bytes)
    }
}

impl<'de> Deserializer<'de> for &mut CborDeserializer<'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.next_type()? {
            Type::Null | Type::Undefined => {
                self.decoder.skip().map_err(malformed)?;
                visitor.visit_unit()
            }
            Type::Bool => visitor.visit_bool(self.decoder.bool().map_err(malformed)?),
            Type::F16 => visitor.visit_f64(self.half()?),
            Type::F32 => visitor.visit_f64(f64::from(self.decoder.f32().map_err(malformed)?)),
            Type::F64 => visitor.visit_f64(self.decoder.f64().map_err(malformed)?),
            Type::String => visitor.visit_borrowed_str(self.decoder.str().map_err(malformed)?),
            Type::StringIndef => visitor.visit_string(self.chunked_text()?),
            Type::Bytes => visitor.visit_borrowed_bytes(self.decoder.bytes().map_err(malformed)?),
            Type::BytesIndef => visitor.visit_byte_buf(self.chunked_bytes()?),
            Type::Array | Type::ArrayIndef => {
                let left = self.decoder.array().map_err(malformed)?;
                visitor.visit_seq(Collection { reader: self, left })
            }
            Type::Map | Type::MapIndef => {
                let left = self.decoder.map().map_err(malformed)?;
                visitor.visit_map(Collection { reader: self, left })
            }
            Type::Tag | Type::Simple | Type::Break | Type::Unknown(_) => {
                Err(Error::custom("no value where one is expected"))
            }
            _ => self.integer(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.next_type()? {
            Type::Null | Type::Undefined => {
                self.decoder.skip().map_err(malformed)?;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    /// A time is an integer of milliseconds, or a float of seconds from servers that follow the RFC.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name != TIMESTAMP_TOKEN {
            return visitor.visit_newtype_struct(self);
        }
        let time = match self.next_type()? {
            Type::F16 => Timestamp::from_seconds(self.half()?),
            Type::F32 => Timestamp::from_seconds(f64::from(self.decoder.f32().map_err(malformed)?)),
            Type::F64 => Timestamp::from_seconds(self.decoder.f64().map_err(malformed)?),
            _ => Timestamp(self.decoder.i64().map_err(malformed)?),
        };
        visitor.visit_i64(time.as_millis())
    }

    /// Names are compared with those that are known, so they need not be proven to be text.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.short_text() {
            Some(name) => visitor.visit_borrowed_bytes(name),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.decoder.skip().map_err(malformed)?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct enum
    }
}

/// The rest of a list or map: so many entries, or up to the break.
struct Collection<'a, 'de> {
    reader: &'a mut CborDeserializer<'de>,
    left: Option<u64>,
}

impl Collection<'_, '_> {
    fn has_more(&mut self) -> Result<bool, Error> {
        if let Some(left) = &mut self.left {
            let has_more = *left > 0;
            *left = left.saturating_sub(1);
            return Ok(has_more);
        }
        let decoder = &mut self.reader.decoder;
        if decoder.datatype().map_err(malformed)? == Type::Break {
            decoder.skip().map_err(malformed)?;
            return Ok(false);
        }
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Collection<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.has_more()? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.left.and_then(|left| usize::try_from(left).ok())
    }
}

impl<'de> MapAccess<'de> for Collection<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.has_more()? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }
}
