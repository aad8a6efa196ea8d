//! The tokens of recent appends, so that our own retry after an unclear failure is answered and not written again.
//! Bounded by count and by age; both bounds are functions of the log, so replicas forget together.
//!
//! Age is what passed from one append to the next, and no more than [`RecentAppends::STEP_MAX`] of each: the clock of whoever leads may
//! jump by hours, and what a gateway is still repeating must not be forgotten by that.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use super::AppendToken;
use crate::Timestamp;

/// What is remembered of the last appends.
#[derive(Clone, Debug, Default)]
pub struct RecentAppends {
    /// In the order in which they came, with the age of the first one then.
    arrivals: VecDeque<(Duration, AppendToken)>,
    /// The newest arrival, and what passed until then.
    newest: Option<(Timestamp, Duration)>,
    numbers: HashMap<AppendToken, AppendNumbers, BuildHasherDefault<TokenHasher>>,
}

/// What an append's records were numbered with: its answer, again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendNumbers {
    /// The ordinal of its first record.
    pub first_ordinal: u64,
    /// When its records arrived: a part of their sequence numbers.
    pub arrival: Timestamp,
}

impl RecentAppends {
    /// How long a token is remembered: well over the deadline within which a gateway retries (some seconds).
    pub const AGE_MAX: Duration = Duration::from_mins(1);
    /// What passes at most from one append to the next. Where less is put, tokens are remembered for longer: they are few.
    pub const STEP_MAX: Duration = Duration::from_secs(1);
    /// How many tokens are remembered: 16 s of a shard's 1,000 appends a second, in about a megabyte.
    pub const COUNT_MAX: usize = 16_384;

    /// The numbers of the append with this token, if it was applied and is not forgotten.
    pub fn find(&self, token: AppendToken) -> Option<AppendNumbers> {
        self.numbers.get(&token).copied()
    }

    /// Remembers an append that was applied, and forgets what is too old or too much. Called while applying, and while
    /// replaying the end of the log after a restart.
    pub fn remember(&mut self, arrival: Timestamp, token: AppendToken, first_ordinal: u64) {
        let numbers = AppendNumbers {
            first_ordinal,
            arrival,
        };
        let now = self.newest.map_or(Duration::ZERO, |(before, passed)| {
            passed + Self::step(before, arrival)
        });
        self.newest = Some((arrival, now));
        if self.numbers.insert(token, numbers).is_none() {
            self.arrivals.push_back((now, token));
        }
        self.forget_before(now.saturating_sub(Self::AGE_MAX));
    }

    /// What counts of the time from one append to the next.
    pub fn step(before: Timestamp, after: Timestamp) -> Duration {
        after.saturating_since(before).min(Self::STEP_MAX)
    }

    /// Forgets everything: what a closed shard does to cost nothing.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.arrivals.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    fn forget_before(&mut self, oldest: Duration) {
        while let Some(&(arrival, token)) = self.arrivals.front() {
            if arrival >= oldest && self.arrivals.len() <= Self::COUNT_MAX {
                break;
            }
            self.arrivals.pop_front();
            self.numbers.remove(&token);
        }
    }
}

impl PartialEq for RecentAppends {
    fn eq(&self, other: &Self) -> bool {
        self.arrivals == other.arrivals && self.numbers == other.numbers
    }
}

impl Eq for RecentAppends {}

/// Tokens are random already: half of one is as good a hash as any.
#[derive(Clone, Copy, Debug, Default)]
struct TokenHasher(u64);

impl Hasher for TokenHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
        }
    }

    fn write_u128(&mut self, token: u128) {
        self.write(&token.to_le_bytes());
    }
}
