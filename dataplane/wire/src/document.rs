//! A body as a tree of values, before anything is known about what it should hold.
//!
//! Both codecs read into this one tree, so every check after it is written once. Text and bytes are borrowed from the body
//! wherever the body holds them as they are. The tree is bounded in depth and in the number of its values.

use std::borrow::Cow;

/// How deep a body may nest; AWS's own requests need five levels.
pub(crate) const DEPTH_MAX: usize = 64;

/// How many values a body may hold. The largest request of the model has about 2,500; a list that is far too long must
/// still be read to be refused in AWS's words. At about 64 bytes a value this bounds a tree to some 8 MiB.
pub(crate) const VALUES_MAX: usize = 131_072;

/// One value of a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number with a fraction, or too large for an integer.
    Float(f64),
    /// CBOR's tag 1 with an integer, which AWS reads as milliseconds since the epoch.
    EpochMillis(i64),
    Text(Cow<'a, str>),
    /// Only CBOR has them.
    Bytes(Cow<'a, [u8]>),
    List(Vec<Value<'a>>),
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// The body is no document of its codec, or is past a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Counts what a reader has built, so that no body can make it build without bound.
#[derive(Debug)]
pub(crate) struct Budget {
    values_left: usize,
}

impl Budget {
    pub(crate) const fn new() -> Self {
        Budget {
            values_left: VALUES_MAX,
        }
    }

    /// Takes one value from the budget.
    pub(crate) fn spend(&mut self) -> Result<(), Malformed> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Malformed)?;
        Ok(())
    }

    /// How much room to make for a collection of a length that the body claims.
    pub(crate) fn room_for(&self, claimed: Option<u64>) -> usize {
        let claimed = claimed
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0);
        // A claim costs nothing to make: room for more than this is only made when the values come.
        claimed.min(self.values_left).min(512)
    }
}
