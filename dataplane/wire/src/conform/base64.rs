//! Base64 of JSON bodies: all blobs of a request are decoded into one buffer, and shared from there.

use base64_simd::{Out, STANDARD};
use bytes::{Bytes, BytesMut};

/// The one buffer of a request's blobs, made when the first blob comes.
pub(super) struct BlobBuffer {
    body_bytes: usize,
    room: BytesMut,
}

impl BlobBuffer {
    /// For a body of this length: no more than three quarters of it can be decoded.
    pub(super) fn for_body(body_bytes: usize) -> Self {
        BlobBuffer {
            body_bytes,
            room: BytesMut::new(),
        }
    }

    /// The bytes that `text` stands for.
    pub(super) fn decode(&mut self, text: &str) -> Result<Bytes, String> {
        if text.is_empty() {
            return Ok(Bytes::new());
        }
        if self.room.is_empty() {
            self.room = BytesMut::zeroed(self.body_bytes.max(text.len()) / 4 * 3 + 3);
        }
        let decoded = STANDARD.decode(text.as_bytes(), Out::from_slice(&mut self.room));
        let length = decoded.map_err(|_| refusal(text))?.len();
        Ok(self.room.split_to(length).freeze())
    }
}

/// Why AWS does not take this text, in its words and with its spelling.
fn refusal(text: &str) -> String {
    let length = text.encode_utf16().count();
    let reason = if !length.is_multiple_of(4) {
        format!("Base64 encoded length is expected a multiple of 4 bytes but found: {length}")
    } else if let Some(character) = foreign_character(text) {
        format!("Invalid Base64 character: '{character}'")
    } else {
        "Invalid last non-pad Base64 character dectected".to_owned()
    };
    format!("'{text}' can not be converted to a Blob: {reason}")
}

/// The first character that is not of the alphabet, or a padding that something follows.
fn foreign_character(text: &str) -> Option<char> {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let in_alphabet = character.is_ascii_alphanumeric() || matches!(character, '+' | '/');
        let is_last_padding = character == '=' && characters.peek().is_none_or(|&next| next == '=');
        if !in_alphabet && !is_last_padding {
            return Some(character);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_base64_is_refused_in_the_words_of_aws() {
        let cases = [
            (
                "23456",
                "Base64 encoded length is expected a multiple of 4 bytes but found: 5",
            ),
            ("=+/=", "Invalid Base64 character: '='"),
            ("a_b-", "Invalid Base64 character: '_'"),
            ("aé==", "Invalid Base64 character: 'é'"),
            ("+/+=", "Invalid last non-pad Base64 character dectected"),
            ("AB==", "Invalid last non-pad Base64 character dectected"),
            ("====", "Invalid last non-pad Base64 character dectected"),
        ];
        for (text, reason) in cases {
            let refused = BlobBuffer::for_body(text.len())
                .decode(text)
                .expect_err(text);
            assert_eq!(
                refused,
                format!("'{text}' can not be converted to a Blob: {reason}")
            );
        }
    }

    #[test]
    fn blobs_of_one_body_share_one_buffer() {
        let mut buffer = BlobBuffer::for_body(40);
        let first = buffer.decode("aGVsbG8=").expect("valid");
        let second = buffer.decode("d29ybGQh").expect("valid");
        assert_eq!((&first[..], &second[..]), (&b"hello"[..], &b"world!"[..]));
        assert_eq!(first.as_ptr().wrapping_add(5), second.as_ptr());
    }
}
