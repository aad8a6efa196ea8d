//! A stream's shards as they take records, and as they are split and merged.

use std::collections::BTreeSet;

use anabranch_domain::load_sketch::LoadSketch;
use anabranch_domain::{HashKey, HashKeyRange, ShardId, Timestamp};

use crate::keys::{Keys, Shape};
use crate::noise::normal;

/// Records of a shard that is offered all that it takes: of 2 KiB each.
const RECORDS_A_SECOND: f64 = 512.0;
/// Keys a second and shard that the sketch is shown, as a pod samples its appends.
const SAMPLES: usize = 32;
/// How long one level of splits takes, all shards at once: forming the children's logs, sealing, activating, and the catalog
/// between. More than measured on a real cluster (three levels, eight splits, in 4 s, with builds beside on the same two
/// processors and the operator killed in the middle), so that the figures can be trusted.
const LEVEL_SECS: usize = 2;

/// One open shard.
pub(crate) struct Shard {
    pub(crate) id: ShardId,
    pub(crate) range: HashKeyRange,
    pub(crate) opened_at: usize,
    background: f64,
    /// What it may still take of its second's worth.
    tank: f64,
    /// Accepted and refused since it was opened, in shard-seconds.
    pub(crate) accepted: f64,
    pub(crate) refused: f64,
    /// What it was offered in this second.
    pub(crate) offered: f64,
    pub(crate) sketch: LoadSketch,
}

/// A stream.
pub(crate) struct SimulatedStream {
    pub(crate) shards: Vec<Shard>,
    keys: Keys,
    next: u32,
    /// Boundaries to come and to go, level by level.
    pending: Vec<(usize, Vec<HashKey>, Vec<HashKey>)>,
    /// Splits and merges that were done.
    pub(crate) operations: u64,
}

/// What happened in a second.
pub(crate) struct Taken {
    pub(crate) offered: f64,
    pub(crate) refused: f64,
    /// What no number of shards could have taken, since a key cannot be cut.
    pub(crate) unavoidable: f64,
}

pub(crate) fn at(second: usize) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + second as u64)
}

impl SimulatedStream {
    pub(crate) fn new(keys: Keys, shards: usize) -> Self {
        let mut stream = Self {
            shards: Vec::new(),
            keys,
            next: 0,
            pending: Vec::new(),
            operations: 0,
        };
        let count = std::num::NonZeroU32::new(u32::try_from(shards.max(1)).unwrap_or(1));
        let ranges = count.and_then(|count| HashKeyRange::ALL.even_split(count));
        for range in ranges.unwrap_or_default() {
            let shard = stream.shard(range, 0);
            stream.shards.push(shard);
        }
        stream
    }

    fn shard(&mut self, range: HashKeyRange, second: usize) -> Shard {
        self.next += 1;
        Shard {
            id: ShardId::new(self.next).expect("there are fewer"),
            range,
            opened_at: second,
            background: self.keys.background(range),
            tank: 1.0,
            accepted: 0.0,
            refused: 0.0,
            offered: 0.0,
            sketch: LoadSketch::new(range, at(second)),
        }
    }

    pub(crate) fn is_resharding(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Puts boundaries in and takes others away, beginning after `delay`; a shard that is cut into many is cut by halves.
    pub(crate) fn reshard(
        &mut self,
        added: &[HashKey],
        removed: &[HashKey],
        second: usize,
        delay: usize,
    ) {
        let mut levels: Vec<Vec<HashKey>> = Vec::new();
        let mut rest = added;
        for shard in &self.shards {
            let inside = rest.partition_point(|key| *key <= shard.range.end());
            by_halves(&rest[..inside], 0, &mut levels);
            rest = &rest[inside..];
        }
        if levels.is_empty() {
            levels.push(Vec::new());
        }
        for (level, cuts) in levels.into_iter().enumerate() {
            let removed = if level == 0 {
                removed.to_vec()
            } else {
                Vec::new()
            };
            let when = second + delay + (level + 1) * LEVEL_SECS;
            self.pending.push((when, cuts, removed));
        }
    }

    /// Lets what is due of the reshards happen.
    pub(crate) fn advance(&mut self, second: usize) {
        while let Some(due) = self.pending.iter().position(|(when, ..)| *when <= second) {
            let (_, added, removed) = self.pending.remove(due);
            let mut starts: BTreeSet<_> = self.shards.iter().map(|it| it.range.start()).collect();
            let before = starts.len();
            for key in &removed {
                starts.remove(key);
            }
            self.operations += (before - starts.len()) as u64;
            let kept = starts.len();
            starts.extend(added);
            self.operations += (starts.len() - kept) as u64;
            self.cut_at(&starts, second);
        }
    }

    fn cut_at(&mut self, starts: &BTreeSet<HashKey>, second: usize) {
        let ends = starts.iter().skip(1).filter_map(|next| next.predecessor());
        let ends: Vec<_> = ends.chain([HashKey::MAX]).collect();
        let mut before = std::mem::take(&mut self.shards).into_iter().peekable();
        let mut after = Vec::with_capacity(starts.len());
        for (start, end) in starts.iter().zip(ends) {
            let range = HashKeyRange::new(*start, end).expect("starts grow");
            while before
                .next_if(|shard| shard.range.start() < *start)
                .is_some()
            {}
            match before.next_if(|shard| shard.range == range) {
                Some(shard) => after.push(shard),
                None => after.push(self.shard(range, second)),
            }
        }
        self.shards = after;
    }

    /// One second of puts.
    pub(crate) fn take(
        &mut self,
        load: f64,
        shape: Shape,
        second: usize,
        is_sketched: bool,
        random: &mut fastrand::Rng,
    ) -> Taken {
        let mut taken = Taken {
            offered: 0.0,
            refused: 0.0,
            unavoidable: 0.0,
        };
        // Single keys first, so that they are offered the same whatever the shards are.
        let mut single: Vec<_> = self.keys.single(shape);
        for (_, share) in &mut single {
            let mean = *share * load;
            let offered = noisy(mean, random);
            taken.unavoidable += (offered - 1.0).max(0.0);
            // From here on: how much it is more than its mean.
            *share = offered - mean;
        }
        single.sort_unstable_by_key(|(key, _)| *key);
        let mut random = random.fork();
        let random = &mut random;
        for shard in &mut self.shards {
            let shares = self.keys.shares(shard.range, shard.background, shape);
            let mean = shares.iter().sum::<f64>() * load;
            let first = single.partition_point(|(key, _)| *key < shard.range.start());
            let after = single.partition_point(|(key, _)| *key <= shard.range.end());
            let excess: f64 = single[first..after].iter().map(|(_, excess)| excess).sum();
            let offered = if shard.range.span() == 0 {
                (mean + excess).max(0.0)
            } else {
                (noisy(mean, random) + excess).max(0.0)
            };
            shard.tank = (shard.tank + 1.0).min(1.0);
            let accepted = offered.min(shard.tank);
            shard.tank -= accepted;
            shard.offered = offered;
            shard.accepted += accepted;
            shard.refused += offered - accepted;
            taken.offered += offered;
            taken.refused += offered - accepted;
            if is_sketched && mean > 0.2 {
                for _ in 0..SAMPLES {
                    let key = self.keys.draw(shard.range, shares, shape, random);
                    shard.sketch.add(key, offered / SAMPLES as f64, at(second));
                }
            }
        }
        taken
    }
}

/// As many records as it is, give or take.
fn noisy(mean: f64, random: &mut fastrand::Rng) -> f64 {
    let spread = (mean / RECORDS_A_SECOND).sqrt();
    (mean + spread * normal(random)).max(0.0)
}

/// The middle cut first, then those of both halves, each a level further.
fn by_halves(cuts: &[HashKey], level: usize, levels: &mut Vec<Vec<HashKey>>) {
    if cuts.is_empty() {
        return;
    }
    if levels.len() <= level {
        levels.push(Vec::new());
    }
    let middle = cuts.len() / 2;
    levels[level].push(cuts[middle]);
    by_halves(&cuts[..middle], level + 1, levels);
    by_halves(&cuts[middle + 1..], level + 1, levels);
}
