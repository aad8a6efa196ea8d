//! What the signing key signs: algorithm, date, scope, and the hash of the canonical request.

use super::payload_hash::hex_sha256;
use super::{ALGORITHM, AmzDate};

/// Writes the string to sign.
pub(super) fn string_to_sign(date: AmzDate, scope: &str, canonical_request: &str) -> String {
    let hash = hex_sha256(canonical_request.as_bytes());
    let hash = std::str::from_utf8(&hash).expect("hex digits are text");
    let date = date.text();
    [ALGORITHM, date.as_str(), scope, hash].join("\n")
}
