//! `Content-Encoding: aws-chunked`: the framing around a body that SDKs send while they make it, whose signature then says
//! `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
//!
//! ```text
//! 1f4;chunk-signature=…\r\n      hex digits, and maybe extensions, which are passed over
//! (500 bytes)\r\n
//! 0\r\n
//! x-amz-checksum-crc32:…\r\n     trailers, which are passed over: the transport has checksums of its own
//! \r\n
//! ```
//!
//! Takes bytes apart and knows no signature. A body in one chunk, as SDKs send a small one, is not copied.
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use bytes::{Bytes, BytesMut};

use crate::error::{ApiError, ErrorKind};

/// Digits of a chunk's length: more than a body may have bytes.
const LENGTH_DIGITS_MAX: usize = 8;

/// A body that is not framed as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not framed as Content-Encoding aws-chunked says, from byte {at} on")]
pub struct NotChunked {
    /// How far it is well-formed.
    pub at: usize,
}

impl From<NotChunked> for ApiError {
    fn from(error: NotChunked) -> Self {
        Self::new(ErrorKind::SerializationException, error.to_string())
    }
}

/// Whether `Content-Encoding` names this framing.
pub fn is_named_by(content_encoding: &str) -> bool {
    content_encoding
        .split(',')
        .any(|coding| coding.trim().eq_ignore_ascii_case("aws-chunked"))
}

/// What is inside of the frames of a whole body.
pub fn unframe(body: &Bytes) -> Result<Bytes, NotChunked> {
    let mut frames = Frames { body, at: 0 };
    let first = frames.chunk()?;
    let mut next = if first.is_empty() {
        Bytes::new()
    } else {
        frames.chunk()?
    };
    if next.is_empty() {
        frames.trailers()?;
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(body.len());
    whole.extend_from_slice(&first);
    while !next.is_empty() {
        whole.extend_from_slice(&next);
        next = frames.chunk()?;
    }
    frames.trailers()?;
    Ok(whole.freeze())
}

struct Frames<'a> {
    body: &'a Bytes,
    at: usize,
}

impl Frames<'_> {
    /// The next chunk; empty at the last one, whose end is the trailers'.
    fn chunk(&mut self) -> Result<Bytes, NotChunked> {
        let broken = NotChunked { at: self.at };
        let line = self.line()?;
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let length = length(digits).ok_or(broken)?;
        if length == 0 {
            return Ok(Bytes::new());
        }
        let end = self.at + length;
        if self.body.get(end..end + 2) != Some(b"\r\n") {
            return Err(broken);
        }
        let chunk = self.body.slice(self.at..end);
        self.at = end + 2;
        Ok(chunk)
    }

    /// Lines up to an empty one or the end of the body; some clients leave the empty one out. Nothing may follow it.
    fn trailers(&mut self) -> Result<(), NotChunked> {
        while self.at < self.body.len() {
            if self.line()?.is_empty() {
                break;
            }
        }
        if self.at == self.body.len() {
            Ok(())
        } else {
            Err(NotChunked { at: self.at })
        }
    }

    /// The bytes before the next line break.
    fn line(&mut self) -> Result<Bytes, NotChunked> {
        let rest = &self.body[self.at..];
        let length = rest
            .windows(2)
            .position(|pair| pair == b"\r\n")
            .ok_or(NotChunked { at: self.at })?;
        let line = self.body.slice(self.at..self.at + length);
        self.at += length + 2;
        Ok(line)
    }
}

fn length(digits: &[u8]) -> Option<usize> {
    let is_hex =
        (1..=LENGTH_DIGITS_MAX).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
    usize::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unframed(body: &str) -> Result<String, NotChunked> {
        let inside = unframe(&Bytes::copy_from_slice(body.as_bytes()))?;
        Ok(String::from_utf8(inside.to_vec()).expect("text"))
    }

    fn framed(chunks: &[Vec<u8>], trailer: &str) -> Bytes {
        let mut body = Vec::new();
        for chunk in chunks {
            body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("0\r\n{trailer}\r\n").as_bytes());
        body.into()
    }

    #[test]
    fn chunks_are_joined_and_extensions_and_trailers_passed_over() {
        let one = "2\r\n{}\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
        assert_eq!(unframed(one).as_deref(), Ok("{}"));
        let two = "1;chunk-signature=ab\r\n{\r\n1;chunk-signature=cd\r\n}\r\n0;chunk-signature=ef\r\n\r\n";
        assert_eq!(unframed(two).as_deref(), Ok("{}"));
        assert_eq!(unframed("0\r\n\r\n").as_deref(), Ok(""));
        assert_eq!(
            unframed("A\r\n0123456789\r\n0\r\n").as_deref(),
            Ok("0123456789")
        );
    }

    #[test]
    fn what_is_not_framed_is_refused_with_its_place() {
        for (body, at) in [
            ("", 0),
            ("{}", 0),
            ("2\r\n{}", 0),
            ("3\r\n{}\r\n0\r\n\r\n", 0),
            ("2\r\n{}\r\n", 7),
            ("2\r\n{}\r\n0\r\n\r\nmore", 12),
            ("-2\r\n{}\r\n0\r\n\r\n", 0),
            ("+2\r\n{}\r\n0\r\n\r\n", 0),
            ("ffffffffff\r\n{}\r\n0\r\n\r\n", 0),
            ("ffffffff\r\n{}\r\n0\r\n\r\n", 0),
        ] {
            assert_eq!(unframed(body), Err(NotChunked { at }), "{body:?}");
        }
    }

    #[test]
    fn one_of_several_codings_names_it() {
        assert!(is_named_by("aws-chunked"));
        assert!(is_named_by("gzip, AWS-Chunked"));
        assert!(!is_named_by("gzip"));
        assert!(!is_named_by(""));
    }

    proptest! {
        #[test]
        fn what_is_framed_comes_out(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6), trailer in "(x-[a-z]{1,9}:[ -~]{0,9}\r\n){0,2}") {
            prop_assert_eq!(unframe(&framed(&chunks, &trailer)), Ok(chunks.concat().into()));
        }

        #[test]
        fn mutated_frames_never_panic_and_never_grow(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut body = framed(&chunks, "").to_vec();
            for (at, byte) in mutations {
                let at = at.index(body.len());
                body[at] = byte;
            }
            body.truncate(cut.index(body.len() + 1));
            let length = body.len();
            if let Ok(inside) = unframe(&body.into()) {
                prop_assert!(inside.len() <= length);
            }
        }

        #[test]
        fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unframe(&body.into());
        }
    }
}
