//! Where a record belongs: the 128-bit hash of its partition key, and ranges of such hashes.
//! A range is never empty and both its ends are in it, so that the whole ring has a value.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A point on the ring 0…2^128−1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HashKey(u128);

/// A text that is no decimal number in 0…2^128−1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a hash key is a decimal number in [0, 2^128-1]")]
pub struct InvalidHashKey;

impl HashKey {
    /// The least key, 0.
    pub const MIN: Self = Self(0);
    /// The greatest key, 2^128−1.
    pub const MAX: Self = Self(u128::MAX);

    /// The key with this value.
    pub const fn new(value: u128) -> Self {
        Self(value)
    }

    /// Its value.
    pub const fn value(self) -> u128 {
        self.0
    }

    /// Where AWS puts a record with this partition key: MD5 of its UTF-8, read as one unsigned number.
    pub fn of_partition_key(partition_key: &str) -> Self {
        Self(u128::from_be_bytes(
            Md5::digest(partition_key.as_bytes()).into(),
        ))
    }

    /// The key just before this one, if there is one.
    pub fn predecessor(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// The key just after this one, if there is one.
    pub fn successor(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for HashKey {
    type Err = InvalidHashKey;

    fn from_str(text: &str) -> Result<Self, InvalidHashKey> {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidHashKey);
        }
        text.parse().map(Self).map_err(|_| InvalidHashKey)
    }
}

impl TryFrom<String> for HashKey {
    type Error = InvalidHashKey;

    fn try_from(text: String) -> Result<Self, InvalidHashKey> {
        text.parse()
    }
}

impl From<HashKey> for String {
    fn from(key: HashKey) -> Self {
        key.to_string()
    }
}

/// A non-empty run of hash keys, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Ends", into = "Ends")]
pub struct HashKeyRange {
    start: HashKey,
    end: HashKey,
}

/// A range whose end lies before its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a hash key range ends before it starts")]
pub struct EmptyRange;

impl HashKeyRange {
    /// The whole ring.
    pub const ALL: Self = Self {
        start: HashKey::MIN,
        end: HashKey::MAX,
    };

    /// The keys from `start` to `end`, both included.
    pub fn new(start: HashKey, end: HashKey) -> Result<Self, EmptyRange> {
        if start <= end {
            Ok(Self { start, end })
        } else {
            Err(EmptyRange)
        }
    }

    /// The first key in it.
    pub const fn start(self) -> HashKey {
        self.start
    }

    /// The last key in it.
    pub const fn end(self) -> HashKey {
        self.end
    }

    /// How far the last key is from the first: the number of keys less one, because 2^128 keys do not fit a `u128`.
    pub const fn span(self) -> u128 {
        self.end.0 - self.start.0
    }

    /// Whether `key` is in it.
    pub fn contains(self, key: HashKey) -> bool {
        self.start <= key && key <= self.end
    }

    /// Whether `next` begins where this ends. The ring has a seam: nothing follows its last key.
    pub fn is_directly_before(self, next: Self) -> bool {
        self.end.successor() == Some(next.start)
    }

    /// `count` ranges that tile this one, by AWS's rule for new streams: each is ⌊keys ÷ count⌋ wide and the last one
    /// takes what is left. `None` when there are fewer keys than parts.
    pub fn even_split(self, count: NonZeroU32) -> Option<Vec<Self>> {
        let parts = u128::from(count.get());
        if parts == 1 {
            return Some(vec![self]);
        }
        // ⌊(span + 1) ÷ parts⌋ without the sum, which overflows for the whole ring.
        let width = self.span() / parts + u128::from(self.span() % parts == parts - 1);
        if width == 0 {
            return None;
        }
        let start_of = |part: u128| HashKey(self.start.0 + part * width);
        let range_of = |part| Self {
            start: start_of(part),
            end: if part + 1 == parts {
                self.end
            } else {
                HashKey(start_of(part + 1).0 - 1)
            },
        };
        Some((0..parts).map(range_of).collect())
    }

    /// The two ranges left and right of a cut; the right one begins with `new_starting_hash_key`. `None` unless both
    /// have a key.
    pub fn split_at(self, new_starting_hash_key: HashKey) -> Option<(Self, Self)> {
        if new_starting_hash_key <= self.start || new_starting_hash_key > self.end {
            return None;
        }
        let left_end = new_starting_hash_key.predecessor()?;
        Some((
            Self {
                start: self.start,
                end: left_end,
            },
            Self {
                start: new_starting_hash_key,
                end: self.end,
            },
        ))
    }

    /// This range and the one directly after it as one; `None` when `next` is not directly after it.
    pub fn join(self, next: Self) -> Option<Self> {
        self.is_directly_before(next).then_some(Self {
            start: self.start,
            end: next.end,
        })
    }

    /// Whether the ranges, in this order, cover the whole ring exactly once.
    pub fn tile(ranges: impl IntoIterator<Item = Self>) -> bool {
        let mut ranges = ranges.into_iter();
        let Some(first) = ranges.next() else {
            return false;
        };
        if first.start != HashKey::MIN {
            return false;
        }
        let mut last = first;
        for range in ranges {
            if !last.is_directly_before(range) {
                return false;
            }
            last = range;
        }
        last.end == HashKey::MAX
    }
}

impl fmt::Display for HashKeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…{}", self.start, self.end)
    }
}

/// A range as it is stored, before it is checked.
#[derive(Serialize, Deserialize)]
struct Ends {
    start: HashKey,
    end: HashKey,
}

impl TryFrom<Ends> for HashKeyRange {
    type Error = EmptyRange;

    fn try_from(ends: Ends) -> Result<Self, EmptyRange> {
        Self::new(ends.start, ends.end)
    }
}

impl From<HashKeyRange> for Ends {
    fn from(range: HashKeyRange) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }
}

#[cfg(test)]
#[path = "hash_key_test.rs"]
mod hash_key_test;
