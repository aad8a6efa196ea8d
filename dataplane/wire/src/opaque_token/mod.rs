//! Tokens that a client carries and may not read or make: shard iterators and the `NextToken` of each listing.
//!
//! Owns their sealing (AES-256-GCM) and their outer shape, and knows nothing of what is inside. No randomness and no clock
//! here: the nonce is an argument, and whether a token is too old is decided from its content by who opened it.
//! Invariant: `open` returns only what `seal` was given, under the same key and for the same kind.
//!
//! ```text
//! base64( 00 00 00 00 00 00 00 01 | nonce, 12 bytes | sealed content, padded | tag, 16 bytes )
//! ```
//!
//! The leading eight bytes are AWS's, and so is the length: 152 bytes plus or minus a multiple of 16.

mod key;
mod kind;
mod padding;

pub use key::TokenKey;
pub use kind::TokenKind;

/// Why a text is not a token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than a token of this kind can be.
    #[error("the token is longer than one of its kind can be")]
    TooLong,
    /// Not base64, too short, or of another format.
    #[error("the text does not have the form of a token")]
    Malformed,
    /// It has the form, but was not sealed by this key for this kind.
    #[error("the token was not issued here, or for another operation")]
    Forged,
}

#[cfg(test)]
mod opaque_token_test;
