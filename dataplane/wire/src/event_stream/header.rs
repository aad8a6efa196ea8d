//! Headers of a frame: name, type, value. Kinesis writes strings only; the other types are stepped over when read.

use bytes::{BufMut, Bytes, BytesMut};

use super::FrameError;

/// The names that Kinesis gives to headers.
#[derive(Debug)]
pub struct HeaderNames;

impl HeaderNames {
    /// `event` or `exception`.
    pub const MESSAGE_TYPE: &'static str = ":message-type";
    /// Which event, in an `event` message.
    pub const EVENT_TYPE: &'static str = ":event-type";
    /// Which error shape, in an `exception` message.
    pub const EXCEPTION_TYPE: &'static str = ":exception-type";
    /// How the payload is written.
    pub const CONTENT_TYPE: &'static str = ":content-type";
}

const STRING: u8 = 7;

/// A header with a string value, to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    name: &'static str,
    value: &'a str,
}

impl<'a> Header<'a> {
    /// Pairs a name with its value.
    ///
    /// # Panics
    /// If the name is longer than 255 bytes or the value longer than 65535: both are ours, never a client's.
    pub fn new(name: &'static str, value: &'a str) -> Self {
        assert!(
            u8::try_from(name.len()).is_ok(),
            "header names are short constants"
        );
        assert!(
            u16::try_from(value.len()).is_ok(),
            "header values are short names"
        );
        Self { name, value }
    }

    pub(super) fn append(&self, out: &mut BytesMut) {
        out.put_u8(u8::try_from(self.name.len()).expect("checked in new"));
        out.put_slice(self.name.as_bytes());
        out.put_u8(STRING);
        out.put_u16(u16::try_from(self.value.len()).expect("checked in new"));
        out.put_slice(self.value.as_bytes());
    }
}

/// A string header that was read: two slices of the frame it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReceivedHeader {
    pub(super) name: Bytes,
    pub(super) value: Bytes,
}

/// Reads a header block; string headers are returned, headers of other types are checked for their length and left out.
pub(super) fn parse(block: &Bytes) -> Result<Vec<ReceivedHeader>, FrameError> {
    let mut headers = Vec::new();
    let mut at = 0;
    while at < block.len() {
        let (header, next) = parse_one(block, at).ok_or(FrameError::Header { at })?;
        headers.extend(header);
        at = next;
    }
    Ok(headers)
}

fn parse_one(block: &Bytes, at: usize) -> Option<(Option<ReceivedHeader>, usize)> {
    let name_len = usize::from(*block.get(at)?);
    let name = at + 1..at + 1 + name_len;
    if name_len == 0 || std::str::from_utf8(block.get(name.clone())?).is_err() {
        return None;
    }
    let kind = *block.get(name.end)?;
    let value = value_range(block, kind, name.end + 1)?;
    let bytes = block.get(value.clone())?;
    let end = value.end;
    if kind != STRING {
        return Some((None, end));
    }
    std::str::from_utf8(bytes).ok()?;
    Some((
        Some(ReceivedHeader {
            name: block.slice(name),
            value: block.slice(value),
        }),
        end,
    ))
}

/// Where the value of a header of this type lies, if its type byte is at `start - 1`.
fn value_range(block: &Bytes, kind: u8, start: usize) -> Option<std::ops::Range<usize>> {
    let fixed = match kind {
        0 | 1 => 0, // true, false
        2 => 1,     // byte
        3 => 2,     // short
        4 => 4,     // integer
        5 | 8 => 8, // long, timestamp
        9 => 16,    // uuid
        6 | STRING => {
            // bytes, string: length first
            let length = block.get(start..start + 2)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            return Some(start + 2..start + 2 + length);
        }
        _ => return None,
    };
    Some(start..start + fixed)
}
