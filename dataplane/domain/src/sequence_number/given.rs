//! A sequence number as a client sends it: maybe one of the older layouts, maybe another shard's, maybe another stream's.
//! Holds the facts that the refusals of `GetShardIterator` and `PutRecord` need; judges nothing.

use std::fmt;
use std::str::FromStr;

use super::wide::Wide;
use super::{InvalidSequenceNumber, SequenceNumber};
use crate::{ShardId, Timestamp};

/// Which of AWS's layouts a number has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceNumberVersion {
    /// 32 or 33 hexadecimal digits; also what every small number reads as.
    V0,
    /// 47 hexadecimal digits that end in 1.
    V1,
    /// 47 hexadecimal digits that end in 2: the one that is given out.
    V2,
}

/// The shard that a given number names: AWS reads the index as a signed number, so it may be none that can exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenShard(i64);

impl GivenShard {
    /// Whether it is this shard.
    pub fn is(self, shard: ShardId) -> bool {
        self.0 == i64::from(shard.index())
    }
}

impl fmt::Display for GivenShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Twelve places with the sign, as AWS prints it: `shardId--02147483648`.
        write!(f, "shardId-{:012}", self.0)
    }
}

/// A number that some layout can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenSequenceNumber {
    version: SequenceNumberVersion,
    shard: GivenShard,
    shard_created_secs: u64,
    time_secs: Option<u64>,
    ordinal: u64,
}

impl GivenSequenceNumber {
    /// Its layout.
    pub const fn version(&self) -> SequenceNumberVersion {
        self.version
    }

    /// The shard that it names.
    pub const fn shard(&self) -> GivenShard {
        self.shard
    }

    /// Seconds since the Unix epoch at which that shard was created.
    pub const fn shard_created_secs(&self) -> u64 {
        self.shard_created_secs
    }

    /// Whether it names a time that is still to come, which no record has.
    pub fn is_in_the_future(&self, now: Timestamp) -> bool {
        self.time_secs
            .is_some_and(|secs| Timestamp::from_secs(secs) > now)
    }

    /// Whether a shard created at `shard_created` could have given it out.
    pub fn is_of_shard_created_at(&self, shard_created: Timestamp) -> bool {
        self.version == SequenceNumberVersion::V2
            && self.shard_created_secs == shard_created.as_secs()
    }

    /// The number, when it has the layout that is given out and names a shard that can exist.
    pub fn number(&self) -> Option<SequenceNumber> {
        if self.version != SequenceNumberVersion::V2 {
            return None;
        }
        let shard = ShardId::new(u32::try_from(self.shard.0).ok()?).ok()?;
        Some(SequenceNumber {
            shard_created_secs: self.shard_created_secs,
            ordinal: self.ordinal,
            time_secs: self.time_secs?,
            shard,
        })
    }

    /// Digits from the left: 1 or more, 9 created, 2 unknown, 16 random, 4 shard.
    fn from_v0(number: Wide) -> Self {
        let len = number.hex_len();
        let field = |from_left: u32, count: u32| number.hex_digits(len - from_left - count, count);
        Self {
            version: SequenceNumberVersion::V0,
            shard: GivenShard(field(28, 4).cast_signed()),
            shard_created_secs: field(1, 9),
            time_secs: None,
            ordinal: 0,
        }
    }

    /// Digits from the right: 1 version, 8 shard, 2 counter, 14 random, 9 time, 2 unknown, 1 shard, 9 created.
    fn from_v1(number: Wide) -> Self {
        Self {
            version: SequenceNumberVersion::V1,
            shard: GivenShard(number.hex_digits(1, 8).cast_signed()),
            shard_created_secs: number.hex_digits(37, 9),
            time_secs: Some(number.hex_digits(25, 9)),
            ordinal: number.hex_digits(9, 2),
        }
    }

    /// Digits from the right: 1 version, 8 shard, 9 time, 2 unknown, 16 ordinal, 1 shard, 9 created.
    fn from_v2(number: Wide) -> Self {
        let index = number.hex_digits(1, 8).cast_signed();
        Self {
            version: SequenceNumberVersion::V2,
            // A set top bit is read as a minus sign before the same digits.
            shard: GivenShard(if index > i64::from(ShardId::INDEX_MAX) {
                -index
            } else {
                index
            }),
            shard_created_secs: number.hex_digits(37, 9),
            time_secs: Some(number.hex_digits(9, 9)),
            ordinal: number.hex_digits(20, 16),
        }
    }

    /// Reads the bits by the layout that they have.
    pub(super) fn from_wide(number: Wide) -> Result<Self, InvalidSequenceNumber> {
        let given = match number {
            // Below 2^129.
            Wide { high: 0 | 1, .. } => Self::from_v0(number),
            // Between 2^185 and 1.5 × 2^185: a 2 in front of 46 more digits.
            Wide { high, low, .. } if high >> 56 == 2 => match low & 0xf {
                1 => Self::from_v1(number),
                2 => Self::from_v2(number),
                _ => return Err(InvalidSequenceNumber),
            },
            _ => return Err(InvalidSequenceNumber),
        };
        let created_is_absurd = given.version != SequenceNumberVersion::V1
            && given.shard_created_secs >= SequenceNumber::CREATED_SECS_END;
        if created_is_absurd || given.ordinal > SequenceNumber::ORDINAL_MAX {
            return Err(InvalidSequenceNumber);
        }
        Ok(given)
    }
}

impl FromStr for GivenSequenceNumber {
    type Err = InvalidSequenceNumber;

    fn from_str(text: &str) -> Result<Self, InvalidSequenceNumber> {
        /// 2^124, in the middle part: what smaller numbers are raised by.
        const SMALL: u64 = 1 << 60;
        let mut number = Wide::from_decimal(text).ok_or(InvalidSequenceNumber)?;
        if number.high == 0 && number.middle < SMALL {
            number.middle += SMALL;
        }
        Self::from_wide(number)
    }
}
