//! The number of a record, in AWS's layout (version 2): 47 hexadecimal digits, printed as 56 decimal ones.
//!
//! ```text
//! 2 | shard created, secs (9) | shard, last digit (1) | ordinal (16) | 00 | time, secs (9) | shard (8) | 2
//! ```
//!
//! The shard's creation stands before the ordinal, so numbers grow along a lineage; the ordinal stands before the time,
//! so they grow in a shard whatever the clock does. The ordinal is the record's place in its shard, 0, 1, 2, … without
//! gaps: who has read two neighbours knows that nothing is missing between them.

mod given;
mod wide;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ShardId, Timestamp};

pub use given::{GivenSequenceNumber, GivenShard, SequenceNumberVersion};
pub use wide::SequenceNumberText;
use wide::Wide;

/// A text that is no sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a sequence number")]
pub struct InvalidSequenceNumber;

/// Where a record stands: in which shard, and the how-manieth it is. Ordered as the numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SequenceNumber {
    shard_created_secs: u64,
    ordinal: u64,
    time_secs: u64,
    shard: ShardId,
}

impl SequenceNumber {
    /// The greatest ordinal: what an ending number carries, and no record ever reaches.
    pub const ORDINAL_MAX: u64 = 0x7fff_ffff_ffff_ffff;
    /// AWS takes no shard creation time from here on (the year 2477).
    const CREATED_SECS_END: u64 = 16_025_175_000;
    /// Nine hexadecimal digits.
    const TIME_SECS_MAX: u64 = 0xf_ffff_ffff;

    /// Before every record of the shard: its `StartingSequenceNumber`.
    pub fn starting(shard_created: Timestamp, shard: ShardId) -> Self {
        let created = created_secs(shard_created);
        Self {
            shard_created_secs: created,
            ordinal: 0,
            time_secs: created,
            shard,
        }
    }

    /// Of the record that is the `ordinal`-th of its shard, counted from 0.
    ///
    /// Its time is always later than the shard's creation, so that even the first record's number is greater than the
    /// `StartingSequenceNumber` and an iterator after that one finds it.
    pub fn record(
        shard_created: Timestamp,
        shard: ShardId,
        ordinal: u64,
        arrival: Timestamp,
    ) -> Self {
        let created = created_secs(shard_created);
        let time_secs = arrival.as_secs().clamp(created + 1, Self::TIME_SECS_MAX);
        Self {
            shard_created_secs: created,
            ordinal: ordinal.min(Self::ORDINAL_MAX - 1),
            time_secs,
            shard,
        }
    }

    /// After every record of a shard that was closed at `closed_at`: its `EndingSequenceNumber`.
    pub fn ending(shard_created: Timestamp, shard: ShardId, closed_at: Timestamp) -> Self {
        let created = created_secs(shard_created);
        let time_secs = closed_at.as_secs().clamp(created, Self::TIME_SECS_MAX);
        Self {
            shard_created_secs: created,
            ordinal: Self::ORDINAL_MAX,
            time_secs,
            shard,
        }
    }

    /// Seconds since the Unix epoch at which its shard was created.
    pub const fn shard_created_secs(&self) -> u64 {
        self.shard_created_secs
    }

    /// The shard that it is a number of.
    pub const fn shard(&self) -> ShardId {
        self.shard
    }

    /// The record's place in its shard, counted from 0.
    pub const fn ordinal(&self) -> u64 {
        self.ordinal
    }

    /// The second in which the record came (or the shard was created, or closed).
    pub const fn time_secs(&self) -> u64 {
        self.time_secs
    }

    /// The ordinal of the first record whose number is greater than this one.
    /// A number as old as its shard is no record's, so the record of the same ordinal comes after it.
    pub const fn ordinal_after(&self) -> u64 {
        if self.time_secs <= self.shard_created_secs {
            self.ordinal
        } else {
            self.ordinal.saturating_add(1)
        }
    }

    /// The decimal text, without allocation.
    pub fn text(&self) -> SequenceNumberText {
        SequenceNumberText::of(self.to_wide())
    }

    /// Writes the decimal text, without allocation.
    pub fn write_decimal(&self, to: &mut impl fmt::Write) -> fmt::Result {
        to.write_str(self.text().as_str())
    }

    /// The bits of the layout, for tokens: 24 bytes, most significant first, ordered as the numbers are.
    pub fn to_bytes(self) -> [u8; 24] {
        self.to_wide().to_bytes()
    }

    /// The number with these bits.
    pub fn from_bytes(bytes: [u8; 24]) -> Result<Self, InvalidSequenceNumber> {
        GivenSequenceNumber::from_wide(Wide::from_bytes(bytes))?
            .number()
            .ok_or(InvalidSequenceNumber)
    }

    fn to_wide(self) -> Wide {
        let shard = u64::from(self.shard.index());
        Wide {
            high: 2 << 56
                | self.shard_created_secs << 20
                | (shard & 0xf) << 16
                | self.ordinal >> 48,
            middle: self.ordinal << 16 | self.time_secs >> 28,
            low: self.time_secs << 36 | shard << 4 | 2,
        }
    }

    /// The order of the numbers: the fields in the order in which the layout has them.
    fn order(&self) -> (u64, u32, u64, u64, ShardId) {
        (
            self.shard_created_secs,
            self.shard.index() & 0xf,
            self.ordinal,
            self.time_secs,
            self.shard,
        )
    }
}

/// Keeps the layout's limits where a clock is absurd: the number is still greater than those before it.
fn created_secs(shard_created: Timestamp) -> u64 {
    shard_created
        .as_secs()
        .min(SequenceNumber::CREATED_SECS_END - 1)
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl FromStr for SequenceNumber {
    type Err = InvalidSequenceNumber;

    /// Reads a number of this layout only; [`GivenSequenceNumber`] knows the older ones that a client may still send.
    fn from_str(text: &str) -> Result<Self, InvalidSequenceNumber> {
        text.parse::<GivenSequenceNumber>()?
            .number()
            .ok_or(InvalidSequenceNumber)
    }
}

impl TryFrom<String> for SequenceNumber {
    type Error = InvalidSequenceNumber;

    fn try_from(text: String) -> Result<Self, InvalidSequenceNumber> {
        text.parse()
    }
}

impl From<SequenceNumber> for String {
    fn from(number: SequenceNumber) -> Self {
        number.text().as_str().to_owned()
    }
}

#[cfg(test)]
mod sequence_number_test;
