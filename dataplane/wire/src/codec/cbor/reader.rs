//! A CBOR body as a tree: definite and indefinite lengths, tags, half floats, all that AWS's SDKs and others send.

use crate::document::{Budget, DEPTH_MAX, Malformed, Value};
use minicbor::data::{IanaTag, Type};
use minicbor::decode::{Decoder, Error};
use std::borrow::Cow;

/// The tree of a whole body.
pub(crate) fn read(body: &[u8]) -> Result<Value<'_>, Malformed> {
    let mut reader = Reader {
        decoder: Decoder::new(body),
        budget: Budget::new(),
    };
    let value = reader.value(0)?;
    if reader.decoder.position() == body.len() {
        Ok(value)
    } else {
        Err(Malformed)
    }
}

impl From<Error> for Malformed {
    fn from(_: Error) -> Self {
        Malformed
    }
}

struct Reader<'b> {
    decoder: Decoder<'b>,
    budget: Budget,
}

impl<'b> Reader<'b> {
    fn value(&mut self, depth: usize) -> Result<Value<'b>, Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed);
        }
        self.budget.spend()?;
        match self.decoder.datatype()? {
            Type::Null => Ok(self.decoder.null().map(|()| Value::Null)?),
            Type::Undefined => Ok(self.decoder.undefined().map(|()| Value::Null)?),
            Type::Bool => Ok(self.decoder.bool().map(Value::Boolean)?),
            Type::F16 => self.half(),
            Type::F32 => Ok(self
                .decoder
                .f32()
                .map(|number| Value::Float(f64::from(number)))?),
            Type::F64 => Ok(self.decoder.f64().map(Value::Float)?),
            Type::String | Type::StringIndef => self.text().map(Value::Text),
            Type::Bytes => Ok(self
                .decoder
                .bytes()
                .map(|bytes| Value::Bytes(Cow::Borrowed(bytes)))?),
            Type::BytesIndef => self.chunked_bytes(),
            Type::Array | Type::ArrayIndef => self.list(depth),
            Type::Map | Type::MapIndef => self.map(depth),
            Type::Tag => self.tagged(depth),
            Type::Simple | Type::Break | Type::Unknown(_) => Err(Malformed),
            _ => self.integer(),
        }
    }

    /// A float of 16 bits: sign, 5 bits of exponent, 10 of fraction. Exact in 64 bits.
    fn half(&mut self) -> Result<Value<'b>, Malformed> {
        let start = self.decoder.position();
        self.decoder.skip()?;
        let &[_, high, low] = &self.decoder.input()[start..self.decoder.position()] else {
            return Err(Malformed);
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
        Ok(Value::Float(sign * magnitude))
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "past 2^63 a number is only clamped or refused"
    )]
    fn integer(&mut self) -> Result<Value<'b>, Malformed> {
        let number = i128::from(self.decoder.int()?);
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Integer))
    }

    fn text(&mut self) -> Result<Cow<'b, str>, Malformed> {
        if self.decoder.datatype()? == Type::String {
            return Ok(Cow::Borrowed(self.decoder.str()?));
        }
        let chunks = self.decoder.str_iter()?;
        chunks
            .collect::<Result<String, _>>()
            .map(Cow::Owned)
            .map_err(Malformed::from)
    }

    fn chunked_bytes(&mut self) -> Result<Value<'b>, Malformed> {
        let mut bytes = Vec::new();
        for chunk in self.decoder.bytes_iter()? {
            bytes.extend_from_slice(chunk?);
        }
        Ok(Value::Bytes(Cow::Owned(bytes)))
    }

    fn list(&mut self, depth: usize) -> Result<Value<'b>, Malformed> {
        let length = self.decoder.array()?;
        let mut list = Vec::with_capacity(self.budget.room_for(length));
        let mut left = length;
        while self.has_more(&mut left)? {
            list.push(self.value(depth + 1)?);
        }
        Ok(Value::List(list))
    }

    fn map(&mut self, depth: usize) -> Result<Value<'b>, Malformed> {
        let length = self.decoder.map()?;
        let mut map = Vec::with_capacity(self.budget.room_for(length));
        let mut left = length;
        while self.has_more(&mut left)? {
            let key = self.text()?;
            map.push((key, self.value(depth + 1)?));
        }
        Ok(Value::Map(map))
    }

    /// Whether another element follows: by count, or until the break of an indefinite length.
    fn has_more(&mut self, left: &mut Option<u64>) -> Result<bool, Malformed> {
        if let Some(left) = left {
            let has_more = *left > 0;
            *left = left.saturating_sub(1);
            return Ok(has_more);
        }
        if self.decoder.datatype()? == Type::Break {
            self.decoder.skip()?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Tag 1 marks a time; any other tag says nothing that a table does not say better.
    fn tagged(&mut self, depth: usize) -> Result<Value<'b>, Malformed> {
        let tag = self.decoder.tag()?;
        match self.value(depth + 1)? {
            Value::Integer(millis) if tag == IanaTag::Timestamp.tag() => {
                Ok(Value::EpochMillis(millis))
            }
            value => Ok(value),
        }
    }
}
