//! Equal parts of a range and the weight in each.

use crate::{HashKey, HashKeyRange};

/// How many parts: a cut is right to 1/128 of an even load at once, and each split looks 128 times closer.
pub(super) const BUCKETS: usize = 128;
/// Keys are looked at in this many bits, so that a bucket is found by one 64-bit division.
const BITS: u32 = 57;

/// The parts of one range.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Buckets {
    range: HashKeyRange,
    /// By how many bits a key's distance from the start is shortened.
    shift: u32,
    /// How many shortened distances there are.
    width: u64,
    weights: Box<[f64; BUCKETS]>,
}

impl Buckets {
    pub(super) fn new(range: HashKeyRange) -> Self {
        let bits = u128::BITS - range.span().leading_zeros();
        let shift = bits.saturating_sub(BITS);
        Self {
            range,
            shift,
            width: shortened(range.span(), shift) + 1,
            weights: Box::new([0.0; BUCKETS]),
        }
    }

    pub(super) fn add(&mut self, key: HashKey, weight: f64) {
        let index = self.index_of(key);
        self.weights[index] += weight;
    }

    pub(super) fn scale(&mut self, factor: f64) {
        for weight in self.weights.iter_mut() {
            *weight *= factor;
        }
    }

    pub(super) fn total(&self) -> f64 {
        self.weights.iter().sum()
    }

    /// The bucket of a key of the range.
    pub(super) fn index_of(&self, key: HashKey) -> usize {
        let distance = shortened(key.value() - self.range.start().value(), self.shift);
        usize::try_from(distance * BUCKETS as u64 / self.width).expect("it is below 128")
    }

    /// The keys of a bucket; none of a narrow range's buckets that hold no key.
    pub(super) fn range_of(&self, index: usize) -> Option<HashKeyRange> {
        let start = self.start_of(index)?;
        let end = match self.start_of(index + 1) {
            Some(next) => next.predecessor()?,
            None => self.range.end(),
        };
        HashKeyRange::new(start, end).ok()
    }

    /// The least key with this index or a greater one; none past the last bucket's.
    fn start_of(&self, index: usize) -> Option<HashKey> {
        if index >= BUCKETS {
            return None;
        }
        let distance = (index as u64 * self.width).div_ceil(BUCKETS as u64);
        // Past the range's end, it may be past the ring's as well.
        let offset = u128::from(distance) << self.shift;
        let start = self.range.start().value().checked_add(offset)?;
        (start <= self.range.end().value()).then_some(HashKey::new(start))
    }

    pub(super) fn weights(&self) -> &[f64; BUCKETS] {
        &self.weights
    }

    pub(super) fn set_weights(&mut self, weights: &[f64; BUCKETS]) {
        *self.weights = *weights;
    }

    /// Adds the weights of another range's buckets, as if each lay evenly in its bucket; what is outside is left out.
    pub(super) fn take_over(&mut self, other: &Self) {
        for (index, &weight) in other.weights.iter().enumerate() {
            let Some(from) = other.range_of(index).filter(|_| weight > 0.0) else {
                continue;
            };
            let start = from.start().max(self.range.start());
            let end = from.end().min(self.range.end());
            let Ok(common) = HashKeyRange::new(start, end) else {
                continue;
            };
            for into in self.index_of(common.start())..=self.index_of(common.end()) {
                let part = self.range_of(into).map_or(0.0, |it| overlap(it, common));
                self.weights[into] += weight * part / keys(from);
            }
        }
    }
}

/// At most 57 bits by construction; were there more, the last bucket would take them.
fn shortened(distance: u128, shift: u32) -> u64 {
    u64::try_from(distance >> shift).unwrap_or(u64::MAX)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "shares of a load, not keys, are worked out from it"
)]
pub(super) fn keys(range: HashKeyRange) -> f64 {
    range.span() as f64 + 1.0
}

fn overlap(one: HashKeyRange, other: HashKeyRange) -> f64 {
    let (start, end) = (one.start().max(other.start()), one.end().min(other.end()));
    HashKeyRange::new(start, end).map_or(0.0, keys)
}
