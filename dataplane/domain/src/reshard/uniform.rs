//! `UNIFORM_SCALING`: so many shards of equal size, by the fewest splits and merges that get there.
//!
//! The ring is to be cut at the target's even boundaries and nowhere else. A split makes one boundary and a merge removes
//! one, so one operation for each missing boundary and one for each superfluous one is the least that *any* plan can do,
//! and this does just that: no boundary is made to be removed. From `n` even shards to `m` that is
//! `n + m − 2·gcd(n, m)` operations, `m − gcd` of them splits. AWS's way from 4 to 5 (15 shards in the lineage) and from 4
//! to 3 (11: <https://github.com/risingwavelabs/risingwave/issues/9961>) has the same count. Fewer operations would have to
//! leave shards of unequal size, against the model's "uniform scaling creates shards of equal size".
//!
//! A shard is cut before its pieces are merged, so capacity never falls below the lesser of before and after on the way.
//!
//! Boundaries that differ by rounding only count as one: the thirds of a sixth's rounding must not cost a split and a
//! merge. Which boundary stands for which is worked out from absolute places, so differences never add up over many
//! changes.
//!
//! Works from the shards as they are and remembers nothing, so halfway through it gives what is left.

use std::num::NonZeroU32;

use super::Operation;
use crate::{HashKey, HashKeyRange, ShardId};

/// How many keys a boundary may be away from the wanted one and still be taken for it. An even boundary of `n` shards is
/// rounded by fewer than `n` keys ([`HashKeyRange::even_split`]) and `n` is a `u32`; of a shard's width this is nothing:
/// the 10⁻²⁵th part with 10,000 shards.
const ROUNDING_KEYS: u128 = u32::MAX as u128;

/// The operations that can run at the same time on these shards, which tile the ring in this order: in the order of the
/// hash keys, one after the other as they are asked for.
pub(super) fn operations(
    shards: &[(HashKeyRange, ShardId)],
    target: NonZeroU32,
) -> impl Iterator<Item = Operation> + use<'_> {
    let cuts = cuts(shards, target);
    // Both lists are in order, so one walk along both finds what is where.
    let (mut index, mut cut) = (0, 0);
    std::iter::from_fn(move || {
        while let Some(&(range, shard)) = shards.get(index) {
            index += 1;
            cut += count_until(&cuts[cut..], range.start());
            let inner = count_until(&cuts[cut..], range.end());
            if inner > 0 {
                // The middle one, so that a shard in need of many cuts gets them in few turns.
                return Some(Operation::Split {
                    shard,
                    at: cuts[cut + inner / 2],
                });
            }
            let Some(&(next_range, right)) = shards.get(index) else {
                continue;
            };
            // No cut begins the next shard, and none lies in it.
            if count_until(&cuts[cut..], next_range.end()) == 0 {
                index += 1;
                return Some(Operation::Merge { left: shard, right });
            }
        }
        None
    })
}

/// How many of the cuts, which are in order, are at `end` or before it.
fn count_until(cuts: &[HashKey], end: HashKey) -> usize {
    cuts.iter().take_while(|cut| **cut <= end).count()
}

/// Where shards are to begin, the first one apart: the target's boundaries, each moved to the nearest one that is there
/// and close enough.
fn cuts(shards: &[(HashKeyRange, ShardId)], target: NonZeroU32) -> Vec<HashKey> {
    let even = HashKeyRange::ALL
        .even_split(target)
        .expect("the ring has more keys than a stream shards");
    let distance = |start: HashKey, wanted: HashKey| start.value().abs_diff(wanted.value());
    let start_at = |index: usize| shards.get(index).map(|(range, _)| range.start());
    // The ring's own beginning is no cut: the walk starts at the second shard.
    let mut index = 1;
    let nearest = |wanted: HashKey| {
        while start_at(index + 1).is_some_and(|next| next <= wanted) {
            index += 1;
        }
        let candidates = start_at(index).into_iter().chain(start_at(index + 1));
        let nearest = candidates.min_by_key(|start| distance(*start, wanted));
        nearest
            .filter(|start| distance(*start, wanted) <= ROUNDING_KEYS)
            .unwrap_or(wanted)
    };
    even[1..]
        .iter()
        .map(|range| range.start())
        .map(nearest)
        .collect()
}

#[cfg(test)]
#[path = "uniform_test.rs"]
mod uniform_test;
