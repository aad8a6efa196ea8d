//! `UNIFORM_SCALING`: so many shards of equal size, by the fewest splits and merges that get there.
//!
//! The ring is to be cut at the target's even boundaries and nowhere else. A split makes one boundary and a merge removes
//! one, so one operation for each missing boundary and one for each superfluous one is the least that can do, and this
//! does it: no boundary is made to be removed. A shard is cut before its pieces are merged, so capacity never falls below
//! the lesser of before and after on the way up.
//!
//! Boundaries that all but coincide count as one: the thirds of a sixth's rounding must not cost a split and a merge. Which
//! boundary stands for which is worked out from absolute places, so differences never add up over many changes.
//!
//! Works from the shards as they are and remembers nothing, so halfway through it gives what is left.

use std::num::NonZeroU32;

use super::Operation;
use crate::{HashKey, HashKeyRange, ShardId};

/// A boundary within this part of a shard's width of the wanted one is taken for it: a size is even within 0.2 %.
const TOLERANCE_DIVISOR: u128 = 1024;

/// The operations that can run at the same time on these shards, which tile the ring in this order.
pub(super) fn operations(shards: &[(HashKeyRange, ShardId)], target: NonZeroU32) -> Vec<Operation> {
    let cuts = cuts(shards, target);
    let mut operations = Vec::new();
    let mut index = 0;
    while index < shards.len() {
        let (range, shard) = shards[index];
        let inner = inner_cuts(&cuts, range);
        if !inner.is_empty() {
            // The middle one, so that a shard in need of many cuts gets them in few turns.
            operations.push(Operation::Split {
                shard,
                at: inner[inner.len() / 2],
            });
        } else if let Some((next_range, right)) = shards.get(index + 1).copied()
            && inner_cuts(&cuts, next_range).is_empty()
            && cuts.binary_search(&next_range.start()).is_err()
        {
            operations.push(Operation::Merge { left: shard, right });
            index += 1;
        }
        index += 1;
    }
    operations
}

/// Where shards are to begin, the first one apart: the target's boundaries, each moved to the nearest one that is there
/// and close enough.
fn cuts(shards: &[(HashKeyRange, ShardId)], target: NonZeroU32) -> Vec<HashKey> {
    let even = HashKeyRange::ALL
        .even_split(target)
        .expect("the ring has more keys than a stream shards");
    let tolerance = even[0].span() / TOLERANCE_DIVISOR;
    let starts: Vec<_> = shards.iter().map(|(range, _)| range.start()).collect();
    let nearest = |wanted: HashKey| {
        let after = starts.partition_point(|start| *start < wanted);
        let candidates = starts[after.saturating_sub(1)..(after + 1).min(starts.len())]
            .iter()
            .copied();
        let distance = |start: &HashKey| start.value().abs_diff(wanted.value());
        // The ring's own beginning is no cut.
        candidates
            .filter(|start| *start != HashKey::MIN && distance(start) <= tolerance)
            .min_by_key(distance)
    };
    even.iter()
        .skip(1)
        .map(|range| nearest(range.start()).unwrap_or(range.start()))
        .collect()
}

/// The cuts that fall into a range and do not begin it.
fn inner_cuts(cuts: &[HashKey], range: HashKeyRange) -> &[HashKey] {
    let first = cuts.partition_point(|cut| *cut <= range.start());
    let end = cuts.partition_point(|cut| *cut <= range.end());
    &cuts[first..end]
}
