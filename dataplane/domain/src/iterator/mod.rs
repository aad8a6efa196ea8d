//! What a shard iterator stands for, and for how long. The bytes are sealed elsewhere: a client sees neither.
//!
//! ```text
//! version 1 | issued_at ms 8 | stream uid 16 | shard 4 | position 1 + its fields | stream name, to the end
//! ```
//!
//! **Invariant:** what was encoded by any release decodes to the same for as long as it may be held (five minutes), and no
//! bytes make decoding panic.

mod decode;

use std::time::Duration;

use thiserror::Error;

pub use decode::InvalidIterator;

use crate::{SequenceNumber, ShardId, StreamName, StreamUid, Timestamp};

/// The format that is written.
const VERSION: u8 = 1;

/// Where to read on in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The first record whose number is this or greater.
    AtSequence(SequenceNumber),
    /// The first record whose number is greater.
    AfterSequence(SequenceNumber),
    /// The first record that came then or later.
    AtTimestamp(Timestamp),
    /// The oldest record that is there.
    TrimHorizon,
    /// The record that gets this ordinal: the next one when the iterator was issued.
    Latest {
        /// The ordinal.
        ordinal: u64,
    },
    /// Where the read before stopped.
    Resume {
        /// Where in the log it stopped: a hint that makes reading on a seek.
        log_index: u64,
        /// The next record's ordinal.
        ordinal: u64,
    },
}

/// A shard iterator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardIterator {
    /// The stream, for the answer when it is gone.
    pub stream: StreamName,
    /// Which life of it: another stream of that name is another stream.
    pub stream_uid: StreamUid,
    /// The shard.
    pub shard: ShardId,
    /// Where to read on.
    pub position: Position,
    /// When it was given out.
    pub issued_at: Timestamp,
}

/// An iterator that was held too long, with the facts of AWS's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the iterator was issued at {issued_at} and it is {now}")]
pub struct ExpiredIterator {
    /// When it was given out.
    pub issued_at: Timestamp,
    /// When it was used.
    pub now: Timestamp,
}

impl ShardIterator {
    /// How long an iterator may be held. `GetRecords`.
    pub const AGE_MAX: Duration = Duration::from_mins(5);

    /// Refuses one that was held too long. One from the future is new: clocks do go back.
    pub fn check_age(&self, now: Timestamp) -> Result<(), ExpiredIterator> {
        if now.saturating_since(self.issued_at) > Self::AGE_MAX {
            Err(ExpiredIterator {
                issued_at: self.issued_at,
                now,
            })
        } else {
            Ok(())
        }
    }

    /// The bytes to seal.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.stream.as_str().len());
        bytes.push(VERSION);
        bytes.extend(self.issued_at.as_millis().to_be_bytes());
        bytes.extend(self.stream_uid.to_bytes());
        bytes.extend(self.shard.index().to_be_bytes());
        match self.position {
            Position::AtSequence(number) => {
                bytes.push(1);
                bytes.extend(number.to_bytes());
            }
            Position::AfterSequence(number) => {
                bytes.push(2);
                bytes.extend(number.to_bytes());
            }
            Position::AtTimestamp(time) => {
                bytes.push(3);
                bytes.extend(time.as_millis().to_be_bytes());
            }
            Position::TrimHorizon => bytes.push(4),
            Position::Latest { ordinal } => {
                bytes.push(5);
                bytes.extend(ordinal.to_be_bytes());
            }
            Position::Resume { log_index, ordinal } => {
                bytes.push(6);
                bytes.extend(log_index.to_be_bytes());
                bytes.extend(ordinal.to_be_bytes());
            }
        }
        bytes.extend(self.stream.as_str().as_bytes());
        bytes
    }
}

#[cfg(test)]
mod iterator_test;
