//! Answers as a client reads them: from either codec into the structs that the server writes.
//!
//! Trusts nothing: an answer that is no document, or not the one asked for, is an error.

mod deserialize;

use crate::codec::{self, Codec};
use crate::document::Malformed;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// An answer that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// The body is no document of its codec.
    #[error("the answer is no valid document")]
    Malformed,
    /// The document is not of this operation.
    #[error("the answer is not the one expected: {0}")]
    Unexpected(String),
}

/// Reads the answer of a successful request.
pub fn decode_response<T: DeserializeOwned>(codec: Codec, body: &[u8]) -> Result<T, ResponseError> {
    let document = codec::read(codec, body).map_err(|Malformed| ResponseError::Malformed)?;
    T::deserialize(document).map_err(|error| ResponseError::Unexpected(error.to_string()))
}

/// An error as a server of any make answers it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ErrorResponse {
    /// AWS's name of the error; some servers put a namespace and `#` before it.
    #[serde(rename = "__type")]
    pub kind: String,
    /// What is said about it.
    #[serde(alias = "Message")]
    pub message: Option<String>,
}
