//! Taking frames off a byte stream as they arrive, for our own client and for tests.

use bytes::{Buf, Bytes, BytesMut};

use super::frame::{CHECKSUM_LEN, PRELUDE_LEN};
use super::header::{self, ReceivedHeader};
use super::{FrameError, HeaderNames};

/// One frame, read: its string headers and its payload, as slices of the bytes that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    headers: Vec<ReceivedHeader>,
    payload: Bytes,
}

impl Message {
    /// The value of the first string header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self
            .headers
            .iter()
            .find(|header| header.name == name.as_bytes())?;
        Some(std::str::from_utf8(&header.value).expect("checked when it was parsed"))
    }

    /// `event` or `exception`.
    pub fn message_type(&self) -> Option<&str> {
        self.header(HeaderNames::MESSAGE_TYPE)
    }

    /// Which event this is, if it is one.
    pub fn event_type(&self) -> Option<&str> {
        self.header(HeaderNames::EVENT_TYPE)
    }

    /// Which error this is, if it is one.
    pub fn exception_type(&self) -> Option<&str> {
        self.header(HeaderNames::EXCEPTION_TYPE)
    }

    /// The bytes between the headers and the checksum.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }
}

/// Cuts frames off the front of a buffer.
#[derive(Debug, Clone, Copy)]
pub struct FrameDecoder {
    frame_bytes_max: u32,
}

impl FrameDecoder {
    /// A decoder that refuses frames of more than this many bytes, all included.
    pub fn new(frame_bytes_max: u32) -> Self {
        Self { frame_bytes_max }
    }

    /// Takes the first frame off `buffer`, or returns `None` and leaves it alone until more bytes are there. After an
    /// error the stream cannot be read on.
    pub fn decode(&self, buffer: &mut BytesMut) -> Result<Option<Message>, FrameError> {
        let Some(prelude) = buffer.get(..PRELUDE_LEN) else {
            return Ok(None);
        };
        let (total, headers_len) = self.check_prelude(prelude)?;
        if buffer.len() < total {
            return Ok(None);
        }
        let mut frame = buffer.split_to(total).freeze();
        let body_len = total - CHECKSUM_LEN;
        let expected = crc32fast::hash(&frame[..body_len]);
        let found = (&frame[body_len..]).get_u32();
        if expected != found {
            return Err(FrameError::MessageChecksum { expected, found });
        }
        frame.truncate(body_len);
        frame.advance(PRELUDE_LEN);
        let headers = header::parse(&frame.split_to(headers_len))?;
        Ok(Some(Message {
            headers,
            payload: frame,
        }))
    }

    /// The frame's length and that of its headers, both believed only because the prelude's checksum agrees.
    fn check_prelude(self, mut prelude: &[u8]) -> Result<(usize, usize), FrameError> {
        let expected = crc32fast::hash(&prelude[..8]);
        let (total, headers, found) = (prelude.get_u32(), prelude.get_u32(), prelude.get_u32());
        if expected != found {
            return Err(FrameError::PreludeChecksum { expected, found });
        }
        if total > self.frame_bytes_max {
            return Err(FrameError::TooLong {
                total,
                max: self.frame_bytes_max,
            });
        }
        let overhead = u32::try_from(PRELUDE_LEN + CHECKSUM_LEN).expect("sixteen");
        if total
            .checked_sub(overhead)
            .is_none_or(|room| headers > room)
        {
            return Err(FrameError::Lengths { total, headers });
        }
        let as_usize = |length: u32| usize::try_from(length).expect("usize has 32 bits or more");
        Ok((as_usize(total), as_usize(headers)))
    }
}
