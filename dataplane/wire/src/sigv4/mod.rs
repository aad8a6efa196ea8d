//! AWS Signature Version 4, as Kinesis checks it and as our own client signs.
//!
//! A request passes in steps, each a value that only the one before can make, so that none is skipped:
//!
//! ```text
//! parse(head) -> Authorization -> Verifier::check(…, now) -> Claim -> (look the key up) -> Verifier::verify(claim, head, body, secret)
//!   is it there, is it complete       date, scope, headers     who it says it is              is it true
//! ```
//!
//! `parse` alone is what a server that takes any credentials asks for. Texts and their order are those recorded from AWS.
//! No clock (`now` is an argument), no table of keys: those belong to the caller. One file a concept; the rules are in
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

mod amz_date;
mod authorization;
mod canonical_request;
mod credential;
mod error;
mod payload_hash;
mod presigned_query;
mod request_head;
mod secret_key;
mod sign;
mod signed_headers;
mod signing_key;
mod string_to_sign;
mod uri_encoding;
mod verify;

pub use amz_date::AmzDate;
pub use authorization::{Authorization, parse};
pub use credential::Scope;
pub use error::{ScopeMismatch, SignatureError};
pub use request_head::RequestHead;
pub use secret_key::SecretKey;
pub use sign::{Signer, SigningCredentials, SigningError};
pub use signing_key::SigningKeys;
pub use verify::{Claim, Verifier};

/// The only algorithm there is.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What every credential scope ends with.
pub(crate) const TERMINATOR: &str = "aws4_request";

#[cfg(test)]
mod sigv4_test;
