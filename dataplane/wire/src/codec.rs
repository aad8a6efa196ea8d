//! The two bodies that AWS's SDKs speak: JSON 1.1 and CBOR 1.1.
//!
//! Each is a serde format to read from and a place to write to for the one `serialize`, so that hardly anything above knows
//! which of the two a request came in.

mod cbor;
mod json;
mod serialize;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeSeed;
use serialize::Serializer;

/// How a body is written; an answer uses the codec of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// `application/x-amz-json-1.1`: blobs are base64, times are seconds with a fraction.
    Json,
    /// `application/x-amz-cbor-1.1`: blobs are byte strings, times are tag 1 with whole milliseconds.
    Cbor,
}

impl Codec {
    /// The codec of a `Content-Type` value; parameters after `;` and blanks around are not looked at.
    pub fn from_content_type(value: &str) -> Option<Codec> {
        match media_type(value) {
            "application/x-amz-json-1.1" => Some(Codec::Json),
            "application/x-amz-cbor-1.1" => Some(Codec::Cbor),
            _ => None,
        }
    }

    /// The `Content-Type` value of this codec.
    pub const fn content_type(self) -> &'static str {
        match self {
            Codec::Json => "application/x-amz-json-1.1",
            Codec::Cbor => "application/x-amz-cbor-1.1",
        }
    }
}

/// A `Content-Type` value without its parameters.
pub(crate) fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// The body is no document of its codec, or not the one asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) String);

/// Reads a whole body by what `seed` asks for.
pub(crate) fn read<'b, S: DeserializeSeed<'b>>(
    codec: Codec,
    body: &'b [u8],
    seed: S,
) -> Result<S::Value, Unreadable> {
    match codec {
        Codec::Json => {
            let mut reader = serde_json::Deserializer::from_slice(body);
            let value = seed
                .deserialize(&mut reader)
                .map_err(|error| Unreadable(error.to_string()))?;
            reader
                .end()
                .map_err(|error| Unreadable(error.to_string()))?;
            Ok(value)
        }
        Codec::Cbor => {
            let mut reader = cbor::CborDeserializer::new(body);
            let value = seed
                .deserialize(&mut reader)
                .map_err(|error| Unreadable(error.to_string()))?;
            reader
                .end()
                .map_err(|error| Unreadable(error.to_string()))?;
            Ok(value)
        }
    }
}

/// The bytes of an answer, in a buffer of this capacity to begin with.
pub(crate) fn write<T: Serialize + ?Sized>(codec: Codec, value: &T, capacity: usize) -> Bytes {
    const WRITABLE: &str = "the structs of the model hold only what the model has";
    match codec {
        Codec::Json => {
            let mut writer = json::JsonWriter::with_capacity(capacity);
            value
                .serialize(Serializer::new(&mut writer))
                .expect(WRITABLE);
            Bytes::from(writer.into_bytes())
        }
        Codec::Cbor => {
            let mut writer = cbor::CborWriter::with_capacity(capacity);
            value
                .serialize(Serializer::new(&mut writer))
                .expect(WRITABLE);
            Bytes::from(writer.into_bytes())
        }
    }
}
