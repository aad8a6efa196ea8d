//! What stands in the canonical request for the body: its SHA-256, or a word that says the body is not signed.

use ring::digest;

use super::{RequestHead, SignatureError};

const HEADER: &str = "x-amz-content-sha256";

/// The text that stands for the body.
pub(super) enum PayloadHash {
    /// The body is signed.
    Sha256([u8; 64]),
    /// The body is not signed: whoever can change bytes on their way can change the records. SDKs do this over TLS.
    Unsigned(&'static str),
}

impl PayloadHash {
    /// The SHA-256 of a body.
    pub(super) fn of(body: &[u8]) -> Self {
        Self::Sha256(hex_sha256(body))
    }

    /// What the request says of its body, once it is found to be true. Without the header the body counts as signed.
    pub(super) fn declared(head: &RequestHead<'_>, body: &[u8]) -> Result<Self, SignatureError> {
        let declared = match head.header(HEADER) {
            Some("UNSIGNED-PAYLOAD") => return Ok(Self::Unsigned("UNSIGNED-PAYLOAD")),
            Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER") => {
                return Ok(Self::Unsigned("STREAMING-UNSIGNED-PAYLOAD-TRAILER"));
            }
            declared => declared,
        };
        let computed = Self::of(body);
        if declared.is_some_and(|declared| declared != computed.as_str()) {
            return Err(SignatureError::Mismatch);
        }
        Ok(computed)
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Sha256(hex) => std::str::from_utf8(hex).expect("hex digits are text"),
            Self::Unsigned(word) => word,
        }
    }
}

/// The SHA-256 of some bytes in small hex digits.
pub(super) fn hex_sha256(bytes: &[u8]) -> [u8; 64] {
    let mut text = [0; 64];
    hex::encode_to_slice(digest::digest(&digest::SHA256, bytes), &mut text)
        .expect("64 digits for 32 bytes");
    text
}
