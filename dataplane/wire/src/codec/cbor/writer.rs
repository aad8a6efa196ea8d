//! CBOR as AWS writes it: definite lengths, byte strings, and times as tag 1 with an integer of milliseconds.
//!
//! The RFC has seconds under tag 1. AWS's Java SDK reads milliseconds there, and takes a float or seconds for 1970.

use crate::codec::serialize::Writer;

/// Kinds of CBOR values: the upper three bits of a head.
mod major {
    pub(super) const UNSIGNED: u8 = 0 << 5;
    pub(super) const NEGATIVE: u8 = 1 << 5;
    pub(super) const BYTES: u8 = 2 << 5;
    pub(super) const TEXT: u8 = 3 << 5;
    pub(super) const LIST: u8 = 4 << 5;
    pub(super) const MAP: u8 = 5 << 5;
    pub(super) const TAG: u8 = 6 << 5;
    pub(super) const SIMPLE: u8 = 7 << 5;
}

const FALSE: u64 = 20;
const TRUE: u64 = 21;
const NULL: u64 = 22;
const EPOCH_TAG: u64 = 1;

/// Writes into one growing buffer.
pub(crate) struct CborWriter {
    out: Vec<u8>,
}

impl CborWriter {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        CborWriter {
            out: Vec::with_capacity(bytes),
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// The kind and its argument (a value, a length or a tag) in the fewest bytes.
    fn head(&mut self, major: u8, argument: u64) {
        let bytes = argument.to_be_bytes();
        let (info, used) = match argument {
            0..=23 => (bytes[7], 0),
            24..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        self.out.push(major | info);
        self.out.extend_from_slice(&bytes[8 - used..]);
    }
}

impl Writer for CborWriter {
    fn null(&mut self) {
        self.head(major::SIMPLE, NULL);
    }

    fn boolean(&mut self, flag: bool) {
        self.head(major::SIMPLE, if flag { TRUE } else { FALSE });
    }

    fn integer(&mut self, number: i64) {
        if number < 0 {
            self.head(major::NEGATIVE, !number.cast_unsigned());
        } else {
            self.head(major::UNSIGNED, number.cast_unsigned());
        }
    }

    fn text(&mut self, text: &str) {
        self.head(major::TEXT, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.head(major::BYTES, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn timestamp(&mut self, millis: i64) {
        self.head(major::TAG, EPOCH_TAG);
        self.integer(millis);
    }

    fn begin_list(&mut self, length: usize) {
        self.head(major::LIST, length as u64);
    }

    fn end_list(&mut self) {}

    fn begin_map(&mut self, length: usize) {
        self.head(major::MAP, length as u64);
    }

    fn end_map(&mut self) {}

    fn separate(&mut self, _: bool) {}

    fn separate_value(&mut self) {}
}
