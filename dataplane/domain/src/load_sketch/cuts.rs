//! Ranks and quantiles, from buckets whose heavy keys are known to the key.

use super::Share;
use super::buckets::{BUCKETS, Buckets, keys};
use super::heavy_keys::HeavyKeys;
use crate::{HashKey, HashKeyRange};

/// The share of the keys below `key`, which is brought into the range.
pub(super) fn rank(
    buckets: &Buckets,
    heavy: &HeavyKeys,
    range: HashKeyRange,
    key: HashKey,
) -> Share {
    let total = buckets.total();
    if total <= 0.0 || key <= range.start() {
        return Share {
            low: 0.0,
            guess: 0.0,
            high: 0.0,
        };
    }
    if key > range.end() {
        return Share {
            low: 1.0,
            guess: 1.0,
            high: 1.0,
        };
    }
    let index = buckets.index_of(key);
    let weight = buckets.weights()[index];
    let below: f64 = buckets.weights()[..index].iter().sum();
    let bucket = buckets.range_of(index).unwrap_or(range);
    let certain = |is_counted: &dyn Fn(HashKey) -> bool| -> f64 {
        let in_bucket = heavy.places().iter();
        let in_bucket = in_bucket.filter(|place| bucket.contains(place.key));
        let counted = in_bucket.filter(|place| is_counted(place.key));
        counted.map(|place| place.certain()).sum()
    };
    let left = certain(&|heavy| heavy < key).min(weight);
    let right = certain(&|heavy| heavy >= key).min(weight - left);
    let rest = weight - left - right;
    let part = HashKeyRange::new(bucket.start(), key).map_or(0.0, keys) - 1.0;
    Share {
        low: (below + left) / total,
        guess: (below + left + rest * (part / keys(bucket)).clamp(0.0, 1.0)) / total,
        high: (below + left + rest) / total,
    }
}

/// A run of keys with the weight that lies in it, evenly; or one heavy key.
struct Piece {
    range: HashKeyRange,
    weight: f64,
}

/// The keys below which the wished shares lie, as nearly as keys can be cut.
pub(super) fn cuts(
    buckets: &Buckets,
    heavy: &HeavyKeys,
    range: HashKeyRange,
    wishes: impl IntoIterator<Item = f64>,
) -> Vec<HashKey> {
    let total = buckets.total();
    let mut cuts: Vec<HashKey> = Vec::new();
    if total <= 0.0 {
        return cuts;
    }
    let pieces = pieces(buckets, heavy);
    let (mut index, mut below) = (0, 0.0);
    for wish in wishes {
        let wanted = wish.clamp(0.0, 1.0) * total;
        while index + 1 < pieces.len() && below + pieces[index].weight < wanted {
            below += pieces[index].weight;
            index += 1;
        }
        let Some(cut) = pieces.get(index).and_then(|piece| {
            cut_in(
                piece,
                (wanted - below) / piece.weight.max(f64::MIN_POSITIVE),
            )
        }) else {
            continue;
        };
        let after_last = cuts.last().copied().unwrap_or(range.start());
        if cut > after_last && cut <= range.end() {
            cuts.push(cut);
        }
    }
    cuts
}

/// The key of a piece below which `part` of it lies.
fn cut_in(piece: &Piece, part: f64) -> Option<HashKey> {
    let (start, span) = (piece.range.start(), piece.range.span());
    if span == 0 {
        // One key: before it, or after it.
        return if part < 0.5 {
            Some(start)
        } else {
            start.successor()
        };
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of the span: not negative, and `as` keeps what is too large at the greatest"
    )]
    let offset = (part.clamp(0.0, 1.0) * keys(piece.range)) as u128;
    Some(HashKey::new(start.value() + offset.min(span)))
}

/// The range as runs of even weight and heavy keys, in order; runs without weight are left out.
fn pieces(buckets: &Buckets, heavy: &HeavyKeys) -> Vec<Piece> {
    let mut heavy: Vec<_> = heavy
        .places()
        .iter()
        .filter(|it| it.certain() > 0.0)
        .collect();
    heavy.sort_by_key(|place| place.key);
    let mut pieces = Vec::with_capacity(BUCKETS + 2 * heavy.len());
    for (index, &weight) in buckets.weights().iter().enumerate() {
        let Some(bucket) = buckets.range_of(index).filter(|_| weight > 0.0) else {
            continue;
        };
        let first = heavy.partition_point(|place| place.key < bucket.start());
        let after = heavy.partition_point(|place| place.key <= bucket.end());
        let inside = &heavy[first..after];
        let certain: f64 = inside.iter().map(|place| place.certain()).sum();
        let rest = (weight - certain).max(0.0);
        let mut start = Some(bucket.start());
        let even = |from: Option<HashKey>, to: Option<HashKey>, pieces: &mut Vec<Piece>| {
            if let Some(run) = from
                .zip(to)
                .and_then(|(from, to)| HashKeyRange::new(from, to).ok())
            {
                pieces.push(Piece {
                    range: run,
                    weight: rest * keys(run) / keys(bucket),
                });
            }
        };
        for place in inside {
            even(start, place.key.predecessor(), &mut pieces);
            if let Ok(range) = HashKeyRange::new(place.key, place.key) {
                let weight = place.certain() + rest / keys(bucket);
                pieces.push(Piece { range, weight });
            }
            start = place.key.successor();
        }
        even(start, Some(bucket.end()), &mut pieces);
    }
    pieces.retain(|piece| piece.weight > 0.0);
    pieces
}
