//! How a shard's traffic lies over its hash range, in a fixed amount of memory: where to cut it so that each part has its
//! share of the *load*, and which single keys carry much of it.
//!
//! ```text
//! add(key, weight, now) ─► buckets   128 equal parts of the range, each with its weight
//!                       └► hitters   the 32 heaviest keys (Space-Saving), each with a bound on its error
//!                          decay     half of everything is forgotten every 30 s
//! ```
//!
//! # What is promised
//!
//! All shares are of the decayed weight: what was added `t` ago counts `2^(−t/30 s)` of what it did.
//!
//! * [`LoadSketch::rank`] gives the share of the keys below a key as a range that the true one is in. It is exact at the
//!   buckets' borders, and nowhere wider than the bucket around the key less what its heavy keys explain.
//! * A key with more than 1/32 of the weight is among [`LoadSketch::heavy_keys`], and its share lies between the bounds
//!   that are given, which are at most 1/32 apart.
//! * [`LoadSketch::cuts`] misses a wished share by no more than the rank's uncertainty there, or half of the one key on
//!   which the wish falls: a key cannot be cut.
//! * At most [`ENCODED_LEN_MAX`] bytes encoded, about twice that in memory, whatever is added.
//!
//! What is inherited from another range ([`LoadSketch::within`], [`LoadSketch::joined`]) is an estimate; the bounds hold
//! for what was added since. Records may be sampled: then the promises are about the sample.
//!
//! **Invariant:** every key in it lies in its range. Knows hashes only, never a partition key.

mod buckets;
mod cuts;
mod decay;
mod encoding;
mod heavy_keys;

use crate::{HashKey, HashKeyRange, Timestamp};

use buckets::Buckets;
use decay::Decay;
use heavy_keys::HeavyKeys;

pub use encoding::{ENCODED_LEN_MAX, MalformedSketch};

#[cfg(test)]
mod load_sketch_test;

/// Fewer (decayed) additions than this say little about the load: 64 samples know a median to about ±6 %.
const INFORMED_ADDITIONS: f64 = 64.0;

/// The sketch of one shard.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadSketch {
    range: HashKeyRange,
    decay: Decay,
    buckets: Buckets,
    heavy: HeavyKeys,
    /// How many additions there were, decayed as the weights are.
    additions: f64,
}

/// A share of the load, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// It is not less than this.
    pub low: f64,
    /// The best guess.
    pub guess: f64,
    /// It is not more than this.
    pub high: f64,
}

/// A key that carries much of the load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeavyKey {
    /// Its hash.
    pub key: HashKey,
    /// Its share is not less than this.
    pub share_low: f64,
    /// Its share is not more than this.
    pub share_high: f64,
}

impl LoadSketch {
    /// An empty one.
    pub fn new(range: HashKeyRange, now: Timestamp) -> Self {
        Self {
            range,
            decay: Decay::new(now),
            buckets: Buckets::new(range),
            heavy: HeavyKeys::default(),
            additions: 0.0,
        }
    }

    /// The shard's range.
    pub fn range(&self) -> HashKeyRange {
        self.range
    }

    /// Adds `weight` (bytes, say) at `key`. A key outside of the range, or a weight that is none, is left out. A clock that
    /// goes back stands still.
    pub fn add(&mut self, key: HashKey, weight: f64, now: Timestamp) {
        if !self.range.contains(key) || !weight.is_finite() || weight <= 0.0 {
            return;
        }
        if let Some(factor) = self.decay.advance(now) {
            self.buckets.scale(factor);
            self.heavy.scale(factor);
            self.additions *= factor;
        }
        let scaled = weight * self.decay.growth();
        self.buckets.add(key, scaled);
        self.heavy.add(key, scaled);
        self.additions += self.decay.growth();
    }

    /// Everything that it holds, decayed to `now`.
    pub fn weight(&self, now: Timestamp) -> f64 {
        self.buckets.total() * self.decay.factor_at(now)
    }

    /// Whether it has seen enough of late to be believed.
    pub fn is_informed(&self, now: Timestamp) -> bool {
        self.additions * self.decay.factor_at(now) >= INFORMED_ADDITIONS
    }

    /// The share of the keys below `key`.
    pub fn rank(&self, key: HashKey) -> Share {
        cuts::rank(&self.buckets, &self.heavy, self.range, key)
    }

    /// Where to cut the range into `parts` of the same load: at most `parts − 1` keys, growing, each the first key of a
    /// part. Fewer where one key carries more than a part's share. None of an empty sketch.
    pub fn cuts(&self, parts: u32) -> Vec<HashKey> {
        let wishes = (1..parts).map(|part| f64::from(part) / f64::from(parts));
        self.cuts_at(wishes)
    }

    /// Where to cut so that the given shares (growing, between 0 and 1) lie below each cut.
    pub fn cuts_at(&self, wishes: impl IntoIterator<Item = f64>) -> Vec<HashKey> {
        cuts::cuts(&self.buckets, &self.heavy, self.range, wishes)
    }

    /// The heaviest keys, heaviest first; those that are certain to carry something.
    pub fn heavy_keys(&self) -> Vec<HeavyKey> {
        self.heavy.shares(self.buckets.total())
    }

    /// What is known of a part of the range: what a child inherits. `None` when `range` is no part of this one's.
    pub fn within(&self, range: HashKeyRange) -> Option<Self> {
        if !(self.range.contains(range.start()) && self.range.contains(range.end())) {
            return None;
        }
        let mut part = Self::new(range, self.decay.landmark());
        part.decay = self.decay;
        part.take_over(self);
        Some(part)
    }

    /// What is known of two neighbours as one: what a merged shard inherits. `None` when they are no neighbours.
    pub fn joined(&self, next: &Self, now: Timestamp) -> Option<Self> {
        let range = self.range.join(next.range)?;
        let mut whole = Self::new(range, now);
        for part in [self, next] {
            let mut part = part.clone();
            let factor = part.decay.factor_at(now);
            part.buckets.scale(factor);
            part.heavy.scale(factor);
            part.additions *= factor;
            whole.take_over(&part);
        }
        Some(whole)
    }

    /// Adds what lies in this range of another sketch whose weights have the same growth.
    fn take_over(&mut self, other: &Self) {
        let before = self.buckets.total();
        self.buckets.take_over(&other.buckets);
        self.heavy.take_over(&other.heavy, self.range);
        let gained = self.buckets.total() - before;
        if other.buckets.total() > 0.0 {
            self.additions += other.additions * gained / other.buckets.total();
        }
    }
}
