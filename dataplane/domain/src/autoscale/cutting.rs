//! Where a shard is to be cut so that no part is offered more than it should be.

use super::hot_key;
use crate::load_sketch::LoadSketch;
use crate::{HashKey, HashKeyRange};

/// A part with less of a shard's limit than this is not worth a shard of its own: it stays with a neighbour.
const NEGLIGIBLE: f64 = 0.03;
/// Without a sketch, ranges narrower than this are not cut: 2^88 keys, the 10^12th part of the ring. Who asks for more
/// cuts blindly after what may be one key.
const BLIND_SPAN_MIN: u128 = 1 << 88;

/// How much is to be cut, and how finely.
pub(super) struct Wish {
    /// What the shard must be expected to be offered, as a part of its limit.
    pub(super) demand: f64,
    /// How much each part should be offered.
    pub(super) target: f64,
    /// Never more parts than this.
    pub(super) parts_max: u32,
    /// Whether a hot key gets a shard of its own.
    pub(super) isolates: bool,
}

impl Wish {
    /// How many parts of the target's size `load` makes.
    fn parts(&self, load: f64) -> u32 {
        let parts = (load / self.target)
            .ceil()
            .clamp(1.0, f64::from(self.parts_max));
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between one and the most"
        )]
        let parts = parts as u32;
        parts
    }
}

/// The cuts, by how the load lies. None where one key is all of it.
pub(super) fn by_sketch(sketch: &LoadSketch, wish: &Wish) -> Vec<HashKey> {
    let mut hot = if wish.isolates {
        hot_key::hot_keys(sketch, wish.demand)
    } else {
        Vec::new()
    };
    if hot.is_empty() {
        return sketch.cuts(wish.parts(wish.demand).max(2).min(wish.parts_max));
    }
    hot.sort_unstable();
    let mut cuts = Vec::new();
    let mut run_start = Some(sketch.range().start());
    for key in hot {
        let before = run(sketch, run_start, key.predecessor(), wish);
        let is_pressed = hot_key::is_pressed(sketch, key, wish.demand);
        if before.load > 0.0 && is_pressed || !before.is_negligible() {
            cuts.extend(before.cuts);
            cuts.push(key);
        }
        run_start = key.successor();
        let after = run(sketch, run_start, Some(sketch.range().end()), wish);
        if let Some(next) =
            run_start.filter(|_| after.load > 0.0 && is_pressed || !after.is_negligible())
        {
            cuts.push(next);
        }
    }
    let last = run(sketch, run_start, Some(sketch.range().end()), wish);
    if !last.is_negligible() {
        cuts.extend(last.cuts);
    }
    let range = sketch.range();
    cuts.retain(|cut| *cut > range.start() && *cut <= range.end());
    cuts.sort_unstable();
    cuts.dedup();
    cuts.truncate(wish.parts_max.saturating_sub(1) as usize);
    cuts
}

/// Keys between two hot ones.
struct Run {
    /// As a part of the shard's limit.
    load: f64,
    cuts: Vec<HashKey>,
}

impl Run {
    fn is_negligible(&self) -> bool {
        self.load < NEGLIGIBLE
    }
}

fn run(sketch: &LoadSketch, start: Option<HashKey>, end: Option<HashKey>, wish: &Wish) -> Run {
    let Some(range) = start
        .zip(end)
        .and_then(|(start, end)| HashKeyRange::new(start, end).ok())
    else {
        return Run {
            load: 0.0,
            cuts: Vec::new(),
        };
    };
    let low = sketch.rank(range.start()).guess;
    let high = match range.end().successor() {
        Some(next) => sketch.rank(next).guess,
        None => 1.0,
    };
    let load = (high - low).max(0.0) * wish.demand;
    let parts = wish.parts(load);
    let wishes = (1..parts).map(|part| low + (high - low) * f64::from(part) / f64::from(parts));
    let cuts = sketch.cuts_at(wishes).into_iter();
    Run {
        load,
        cuts: cuts
            .filter(|cut| *cut > range.start() && range.contains(*cut))
            .collect(),
    }
}

/// Even cuts, where how the load lies is not known.
pub(super) fn blindly(range: HashKeyRange, wish: &Wish) -> Vec<HashKey> {
    if range.span() < BLIND_SPAN_MIN {
        return Vec::new();
    }
    evenly(range, wish.parts(wish.demand).max(2).min(wish.parts_max))
}

/// Cuts into parts of the same width.
pub(super) fn evenly(range: HashKeyRange, parts: u32) -> Vec<HashKey> {
    let parts = std::num::NonZeroU32::new(parts);
    let parts = parts.and_then(|parts| range.even_split(parts));
    let starts = parts.into_iter().flatten().skip(1);
    starts.map(HashKeyRange::start).collect()
}
