//! JSON as AWS writes it: no blanks, base64 with padding, seconds without an exponent.

use crate::codec::serialize::Writer;
use base64_simd::STANDARD;

/// Writes into one growing buffer.
pub(crate) struct JsonWriter {
    out: Vec<u8>,
}

impl JsonWriter {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        JsonWriter {
            out: Vec::with_capacity(bytes),
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }
}

impl Writer for JsonWriter {
    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    fn boolean(&mut self, flag: bool) {
        self.out
            .extend_from_slice(if flag { b"true" } else { b"false" });
    }

    fn integer(&mut self, number: i64) {
        self.out
            .extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Nearly all text of answers (names, ARNs, numbers, keys) needs no escape, which one look at each byte tells: at all of them, since the
    /// processor looks at sixteen at a time where nothing is left early.
    fn text(&mut self, text: &str) {
        let needs_escape = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        if text
            .bytes()
            .fold(false, |needs, byte| needs | needs_escape(byte))
        {
            serde_json::to_writer(&mut self.out, text)
                .expect("a Vec takes all that is written to it");
            return;
        }
        self.out.reserve(text.len() + 2);
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    /// Encoded in place: no second buffer and no second copy.
    fn blob(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        STANDARD.encode_append(bytes, &mut self.out);
        self.out.push(b'"');
    }

    /// `1712345678.123`, and `1712345678` for a whole second: never an exponent, never a zero too many.
    fn timestamp(&mut self, millis: i64) {
        if millis < 0 {
            self.out.push(b'-');
        }
        let millis = millis.unsigned_abs();
        self.out
            .extend_from_slice(itoa::Buffer::new().format(millis / 1000).as_bytes());
        let fraction = millis % 1000;
        if fraction != 0 {
            let digit = |of: u64| b'0' + u8::try_from(fraction / of % 10).unwrap_or_default();
            let digits = [b'.', digit(100), digit(10), digit(1)];
            let kept = digits
                .iter()
                .rposition(|&digit| digit != b'0')
                .map_or(0, |last| last + 1);
            self.out.extend_from_slice(&digits[..kept]);
        }
    }

    fn begin_list(&mut self, _: usize) {
        self.out.push(b'[');
    }

    fn end_list(&mut self) {
        self.out.push(b']');
    }

    fn begin_map(&mut self, _: usize) {
        self.out.push(b'{');
    }

    fn end_map(&mut self) {
        self.out.push(b'}');
    }

    fn separate(&mut self, is_first: bool) {
        if !is_first {
            self.out.push(b',');
        }
    }

    fn separate_value(&mut self) {
        self.out.push(b':');
    }
}
