//! The two ids of every answer, as AWS sends them: `x-amzn-RequestId` (a UUID) and `x-amz-id-2` (base64 of 72 bytes).
//!
//! Drawn once a request, logged with it, and told to the client, so that a user can name the request that went wrong.

use std::fmt;

use base64_simd::STANDARD;

use crate::entropy::Entropy;

/// Bytes behind an `x-amz-id-2` header.
const EXTENDED_ID_BYTES: usize = 72;

/// The ids of one request.
#[derive(Clone)]
pub struct RequestId {
    request: String,
    extended: [u8; EXTENDED_ID_BYTES],
}

impl RequestId {
    /// Draws the ids of a new request.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        // One draw for both.
        let mut bytes = [0; 16 + EXTENDED_ID_BYTES];
        entropy.fill(&mut bytes);
        let (uuid, extended) = bytes.split_at(16);
        let uuid = u128::from_be_bytes(uuid.try_into().expect("split at 16 bytes"));
        Self {
            request: format_uuid_v4(uuid),
            extended: extended.try_into().expect("the rest is 72 bytes"),
        }
    }

    /// The UUID of `x-amzn-RequestId`.
    pub fn as_str(&self) -> &str {
        &self.request
    }

    /// The text of `x-amz-id-2`.
    pub fn extended(&self) -> String {
        STANDARD.encode_to_string(self.extended)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.request)
    }
}

/// RFC 9562, version 4: random but for the version's and the variant's bits.
fn format_uuid_v4(random: u128) -> String {
    let uuid = (random & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
    let mut digits = [0; 32];
    hex::encode_to_slice(uuid.to_be_bytes(), &mut digits).expect("32 digits for 16 bytes");
    let digits = str::from_utf8(&digits).expect("hex digits are text");
    let mut text = String::with_capacity(36);
    text.push_str(&digits[..8]);
    for group in [8..12, 12..16, 16..20, 20..32] {
        text.push('-');
        text.push_str(&digits[group]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_version_4_uuid() {
        assert_eq!(
            format_uuid_v4(u128::MAX),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(format_uuid_v4(0), "00000000-0000-4000-8000-000000000000");
    }
}
