//! The name of a shard in its stream: an index that is never used again, printed as `shardId-000000000042`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A shard's index in its stream; at most 2^31 − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShardId(u32);

/// A text or number that names no shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a shard id is a number of at most 2147483647, alone or after a '-'")]
pub struct InvalidShardId;

impl ShardId {
    /// The first shard of a stream.
    pub const FIRST: Self = Self(0);
    /// The greatest index: AWS keeps it in a signed 32-bit number.
    pub const INDEX_MAX: u32 = i32::MAX as u32;

    /// The shard with this index.
    pub const fn new(index: u32) -> Result<Self, InvalidShardId> {
        if index <= Self::INDEX_MAX {
            Ok(Self(index))
        } else {
            Err(InvalidShardId)
        }
    }

    /// Its place in the stream, counted from 0 over all shards that ever were.
    pub const fn index(self) -> u32 {
        self.0
    }

    /// The shard `count` places further, if there is such an index.
    pub fn checked_add(self, count: u32) -> Option<Self> {
        self.0
            .checked_add(count)
            .and_then(|index| Self::new(index).ok())
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

impl FromStr for ShardId {
    type Err = InvalidShardId;

    /// Accepts what AWS accepts: the part after the first `-`, or the whole where that is empty, must be digits
    /// (`shardId-000000000001`, `shardId-1`, `x-1`, `1`).
    fn from_str(text: &str) -> Result<Self, InvalidShardId> {
        let digits = text
            .split('-')
            .nth(1)
            .filter(|part| !part.is_empty())
            .unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidShardId);
        }
        // A number too great for 32 bits is no shard either, however many zeros lead it.
        digits
            .parse()
            .map_err(|_| InvalidShardId)
            .and_then(Self::new)
    }
}

impl TryFrom<String> for ShardId {
    type Error = InvalidShardId;

    fn try_from(text: String) -> Result<Self, InvalidShardId> {
        text.parse()
    }
}

impl From<ShardId> for String {
    fn from(id: ShardId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_aws_accepts_is_the_same_shard() {
        for text in [
            "shardId-000000000007",
            "shardId-7",
            "x-7",
            "7",
            "-7",
            "shardId-7-9",
            "0000000000000000000007",
        ] {
            assert_eq!(text.parse(), Ok(ShardId(7)), "{text}");
        }
    }

    #[test]
    fn what_names_no_shard_is_refused() {
        for text in [
            "",
            "-",
            "shardId",
            "shardId-",
            "shardId-a",
            "shardId-+7",
            "2147483648",
            "shardId--7",
            "7-x",
        ] {
            assert_eq!(text.parse::<ShardId>(), Err(InvalidShardId), "{text}");
        }
    }

    #[test]
    fn it_prints_twelve_digits() {
        assert_eq!(ShardId(12).to_string(), "shardId-000000000012");
        assert_eq!(
            ShardId::new(ShardId::INDEX_MAX).unwrap().checked_add(1),
            None
        );
    }
}
