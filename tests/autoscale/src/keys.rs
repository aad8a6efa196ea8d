//! How the load lies over the ring: keys by Zipf's law, one hot key, a front that moves.

use anabranch_domain::{HashKey, HashKeyRange};

/// Distinct partition keys of the background.
const KEYS: usize = 20_000;

/// So many of them are looked at one by one: a key alone may be more than a shard takes.
const HEAVY: usize = 40;

/// What is apart from the background, at one time.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shape {
    /// The part of the load that one key has.
    pub(crate) hot_share: f64,
    /// The part of the load that the front has, where it begins and how wide it is.
    pub(crate) front: Option<Front>,
}

/// A narrow part of the ring.
#[derive(Clone, Copy)]
pub(crate) struct Front {
    pub(crate) share: f64,
    pub(crate) range: HashKeyRange,
}

/// The keys of a stream.
pub(crate) struct Keys {
    hashes: Vec<u128>,
    /// The share of all keys below each one.
    below: Vec<f64>,
    hot: u128,
    /// The heaviest keys of the background and their shares of it.
    heavy: Vec<(u128, f64)>,
}

impl Keys {
    pub(crate) fn new(skew: f64, random: &mut fastrand::Rng) -> Self {
        let weights = (1..=KEYS).map(|rank| (rank as f64).powf(-skew));
        let mut keys: Vec<(u128, f64)> = weights.map(|weight| (random.u128(..), weight)).collect();
        keys.sort_unstable_by_key(|(hash, _)| *hash);
        let total: f64 = keys.iter().map(|(_, weight)| weight).sum();
        let mut heavy = keys.clone();
        heavy.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        heavy.truncate(HEAVY);
        let mut sum = 0.0;
        let mut below = Vec::with_capacity(KEYS + 1);
        for (_, weight) in &keys {
            below.push(sum / total);
            sum += weight;
        }
        below.push(1.0);
        Self {
            hashes: keys.into_iter().map(|(hash, _)| hash).collect(),
            below,
            hot: random.u128(..),
            heavy: heavy
                .into_iter()
                .map(|(hash, weight)| (hash, weight / total))
                .collect(),
        }
    }

    /// The background's share in a range.
    pub(crate) fn background(&self, range: HashKeyRange) -> f64 {
        let (first, after) = self.places(range);
        self.below[after] - self.below[first]
    }

    fn places(&self, range: HashKeyRange) -> (usize, usize) {
        let first = self
            .hashes
            .partition_point(|hash| *hash < range.start().value());
        let after = self
            .hashes
            .partition_point(|hash| *hash <= range.end().value());
        (first, after)
    }

    /// The shares of a range: background, hot key, front.
    pub(crate) fn shares(&self, range: HashKeyRange, background: f64, shape: Shape) -> [f64; 3] {
        let front = shape.front.map_or(0.0, |front| front.share);
        let hot = range.contains(HashKey::new(self.hot));
        [
            background * (1.0 - shape.hot_share - front),
            if hot { shape.hot_share } else { 0.0 },
            shape
                .front
                .map_or(0.0, |front| front.share * overlap(front.range, range)),
        ]
    }

    /// Keys that are looked at one by one, with their shares of everything: the heaviest of the background, and the hot one.
    pub(crate) fn single(&self, shape: Shape) -> Vec<(HashKey, f64)> {
        let front = shape.front.map_or(0.0, |front| front.share);
        let background = 1.0 - shape.hot_share - front;
        let heavy = self.heavy.iter();
        let heavy = heavy.map(|(hash, share)| (HashKey::new(*hash), share * background));
        let hot = (shape.hot_share > 0.0).then_some((HashKey::new(self.hot), shape.hot_share));
        heavy.chain(hot).collect()
    }

    /// The key of one record of a range.
    pub(crate) fn draw(
        &self,
        range: HashKeyRange,
        shares: [f64; 3],
        shape: Shape,
        random: &mut fastrand::Rng,
    ) -> HashKey {
        let pick = random.f64() * shares.iter().sum::<f64>();
        if pick < shares[1] {
            return HashKey::new(self.hot);
        }
        if let Some(front) = shape.front.filter(|_| pick < shares[1] + shares[2]) {
            let start = front.range.start().max(range.start()).value();
            let end = front.range.end().min(range.end()).value();
            return HashKey::new(random.u128(start..=end));
        }
        let (first, after) = self.places(range);
        if first == after {
            return range.start();
        }
        let (low, high) = (self.below[first], self.below[after]);
        let wanted = low + random.f64() * (high - low);
        let place = self.below.partition_point(|below| *below <= wanted);
        HashKey::new(self.hashes[place.clamp(first + 1, after) - 1])
    }
}

/// The part of `one` that lies in `other`.
fn overlap(one: HashKeyRange, other: HashKeyRange) -> f64 {
    let (start, end) = (one.start().max(other.start()), one.end().min(other.end()));
    HashKeyRange::new(start, end).map_or(0.0, |both| both.span() as f64 / one.span() as f64)
}
