//! Answers, errors and requests as bytes.

use crate::codec::{self, Codec};
use crate::error::ApiError;
use bytes::Bytes;
use serde::Serialize;
use serde::ser::SerializeMap;

/// Room for most answers; the buffer grows where it is not enough.
const USUAL_BYTES: usize = 512;

/// An answer in the codec of its request. Large ones know their size: see [`encode_sized`].
pub fn encode<T: Serialize + ?Sized>(codec: Codec, answer: &T) -> Bytes {
    encode_sized(codec, answer, USUAL_BYTES)
}

/// An answer whose length is known to be about `capacity` bytes, so that the buffer need not grow.
pub fn encode_sized<T: Serialize + ?Sized>(codec: Codec, answer: &T, capacity: usize) -> Bytes {
    codec::write(codec, answer, capacity)
}

/// A request as a client sends it.
pub fn encode_request<T: Serialize + ?Sized>(codec: Codec, request: &T) -> Bytes {
    encode(codec, request)
}

impl ApiError {
    /// The body of the answer that carries this error.
    pub fn encode(&self, codec: Codec) -> Bytes {
        encode(codec, self)
    }
}

/// `{"__type":"…","message":"…"}`, without a message where AWS gives none.
impl Serialize for ApiError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + usize::from(self.message.is_some())))?;
        map.serialize_entry("__type", self.kind.name())?;
        if let Some(message) = &self.message {
            map.serialize_entry(self.kind.message_member(), message)?;
        }
        map.end()
    }
}
