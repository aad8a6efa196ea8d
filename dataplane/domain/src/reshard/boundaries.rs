//! A change of boundaries: hash keys where shards are to begin that begin nowhere now, and boundaries that are to go.
//! Everything else stays, so many splits and merges of a stream are one reshard, and those of different shards run at the
//! same time.
//!
//! A shard is cut at the middle one of its new boundaries first, so that many take few turns. Works from the shards as they
//! are and remembers nothing, so halfway through it gives what is left; a boundary that is there already, or gone, is done.

use super::Operation;
use crate::{HashKey, HashKeyRange, ShardId};

/// The operations that can run at the same time on these shards, which tile the ring in this order. Both lists of keys grow.
pub(super) fn operations(
    shards: &[(HashKeyRange, ShardId)],
    added: &[HashKey],
    removed: &[HashKey],
) -> Vec<Operation> {
    let inside = |range: HashKeyRange| {
        let first = added.partition_point(|key| *key <= range.start());
        let after = added.partition_point(|key| *key <= range.end());
        &added[first..after]
    };
    let mut operations = Vec::new();
    let mut walk = shards.iter().peekable();
    while let Some(&(range, shard)) = walk.next() {
        let cuts = inside(range);
        if !cuts.is_empty() {
            let at = cuts[cuts.len() / 2];
            operations.push(Operation::Split { shard, at });
            continue;
        }
        let next = walk.next_if(|(next, _)| {
            removed.binary_search(&next.start()).is_ok() && inside(*next).is_empty()
        });
        if let Some(&(_, right)) = next {
            operations.push(Operation::Merge { left: shard, right });
        }
    }
    operations
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;

    /// Carries out what can be done now, all of it.
    fn carry_out(
        shards: &mut Vec<(HashKeyRange, ShardId)>,
        operations: &[Operation],
        next: &mut u32,
    ) {
        let mut new = || {
            *next += 1;
            ShardId::new(*next).unwrap()
        };
        for operation in operations {
            let place = |id| shards.iter().position(|(_, shard)| *shard == id).unwrap();
            match *operation {
                Operation::Split { shard, at } => {
                    let place = place(shard);
                    let (left, right) = shards[place].0.split_at(at).unwrap();
                    shards.splice(place..=place, [(left, new()), (right, new())]);
                }
                Operation::Merge { left, right } => {
                    let (left, right) = (place(left), place(right));
                    let range = shards[left].0.join(shards[right].0).unwrap();
                    shards.splice(left..=right, [(range, new())]);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn it_ends_with_just_these_boundaries_in_few_turns(
            count in 1_u32..20, added in prop::collection::btree_set(any::<u128>(), 0..40), removed in prop::collection::vec(any::<bool>(), 20),
        ) {
            let ranges = HashKeyRange::ALL.even_split(NonZeroU32::new(count).unwrap()).unwrap();
            let starts: Vec<_> = ranges.iter().map(|range| range.start()).collect();
            let mut next = count;
            let mut shards: Vec<_> = ranges.into_iter().zip((0..).map(|id| ShardId::new(id).unwrap())).collect();
            let added: Vec<_> = added.into_iter().map(HashKey::new).filter(|key| !starts.contains(key)).collect();
            let going = starts.iter().skip(1).zip(removed).filter(|(_, goes)| *goes);
            let removed: Vec<_> = going.map(|(key, _)| *key).collect();
            let mut wanted: Vec<_> = starts.iter().copied().filter(|key| !removed.contains(key)).chain(added.iter().copied()).collect();
            wanted.sort_unstable();
            for _ in 0..40 {
                let todo = operations(&shards, &added, &removed);
                carry_out(&mut shards, &todo, &mut next);
                prop_assert!(HashKeyRange::tile(shards.iter().map(|(range, _)| *range)));
            }
            prop_assert!(operations(&shards, &added, &removed).is_empty());
            prop_assert_eq!(shards.iter().map(|(range, _)| range.start()).collect::<Vec<_>>(), wanted);
            prop_assert!(next - count <= 2 * u32::try_from(added.len() + removed.len()).unwrap());
        }

        #[test]
        fn seven_cuts_of_one_shard_take_three_turns(cuts in prop::collection::btree_set(1_u128.., 7)) {
            let added: Vec<_> = cuts.into_iter().map(HashKey::new).collect();
            let mut shards = vec![(HashKeyRange::ALL, ShardId::FIRST)];
            let (mut turns, mut next) = (0, 0);
            while shards.len() < 8 {
                let todo = operations(&shards, &added, &[]);
                carry_out(&mut shards, &todo, &mut next);
                turns += 1;
            }
            prop_assert_eq!(turns, 3);
        }
    }
}
