//! Answers as a client reads them: from either codec into the structs that the server writes.
//!
//! Trusts nothing: an answer that is no document, or not the one asked for, is an error.

use crate::codec::{self, Codec, Unreadable};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// An answer that cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not the one expected: {0}")]
pub struct ResponseError(String);

/// Reads the answer of a successful request.
pub fn decode_response<T: DeserializeOwned>(codec: Codec, body: &[u8]) -> Result<T, ResponseError> {
    codec::read(codec, body, PhantomData::<T>).map_err(|Unreadable(reason)| ResponseError(reason))
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
