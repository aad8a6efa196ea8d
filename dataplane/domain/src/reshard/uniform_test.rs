//! Plans carried out on bare ranges: how many operations, what stands in between, what stands in the end.

use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;

/// A stream's shards without anything around them.
struct Ring {
    open: Vec<(HashKeyRange, ShardId)>,
    next_id: u32,
    /// Shards that ever were, as `ListShards` counts them.
    lineage: u32,
    splits: u32,
    merges: u32,
    open_least: usize,
    open_most: usize,
}

fn count(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

fn even(shard_count: u32) -> Vec<HashKeyRange> {
    HashKeyRange::ALL.even_split(count(shard_count)).unwrap()
}

impl Ring {
    fn new(ranges: &[HashKeyRange]) -> Self {
        let ids = (0..).map(|index| ShardId::new(index).unwrap());
        let shard_count = u32::try_from(ranges.len()).unwrap();
        Self {
            open: ranges.iter().copied().zip(ids).collect(),
            next_id: shard_count,
            lineage: shard_count,
            splits: 0,
            merges: 0,
            open_least: ranges.len(),
            open_most: ranges.len(),
        }
    }

    fn even(shard_count: u32) -> Self {
        Self::new(&even(shard_count))
    }

    fn new_id(&mut self) -> ShardId {
        self.next_id += 1;
        self.lineage += 1;
        ShardId::new(self.next_id - 1).unwrap()
    }

    fn place_of(&self, id: ShardId) -> usize {
        let place = self.open.iter().position(|(_, it)| *it == id);
        place.expect("an operation names open shards")
    }

    fn carry_out(&mut self, operation: Operation) {
        match operation {
            Operation::Split { shard, at } => {
                let place = self.place_of(shard);
                let (left, right) = self.open[place].0.split_at(at).expect("the cut is inside");
                let children = [(left, self.new_id()), (right, self.new_id())];
                self.open.splice(place..=place, children);
                self.splits += 1;
            }
            Operation::Merge { left, right } => {
                let place = self.place_of(left);
                assert_eq!(self.place_of(right), place + 1, "neighbours are merged");
                let joined = self.open[place].0.join(self.open[place + 1].0).unwrap();
                let child = (joined, self.new_id());
                self.open.splice(place..=place + 1, [child]);
                self.merges += 1;
            }
        }
        self.open_least = self.open_least.min(self.open.len());
        self.open_most = self.open_most.max(self.open.len());
        assert!(HashKeyRange::tile(self.ranges()), "it tiles at each step");
    }

    /// To the target; of each turn's operations, which could all run at once, only the first so many are carried out.
    fn scale(&mut self, target: u32, at_once: usize) {
        loop {
            let wanted = operations(&self.open, count(target)).take(at_once);
            let wanted: Vec<_> = wanted.collect();
            if wanted.is_empty() {
                return;
            }
            for operation in wanted {
                self.carry_out(operation);
            }
        }
    }

    fn ranges(&self) -> Vec<HashKeyRange> {
        self.open.iter().map(|(range, _)| *range).collect()
    }

    fn assert_even(&self) {
        let should_be = even(u32::try_from(self.open.len()).unwrap());
        for (is, should_be) in self.ranges().iter().zip(should_be) {
            let difference = is.start().value().abs_diff(should_be.start().value());
            assert!(difference <= ROUNDING_KEYS, "{is} instead of {should_be}");
        }
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

/// Shards of any sizes: the ring cut at these keys.
fn cut_at(keys: &[u128]) -> Vec<HashKeyRange> {
    let mut starts: Vec<u128> = keys.iter().copied().chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts[1..].iter().map(|next| next - 1).chain([u128::MAX]);
    let range =
        |(start, end): (&u128, u128)| HashKeyRange::new(HashKey::new(*start), HashKey::new(end));
    starts
        .iter()
        .zip(ends)
        .map(|ends| range(ends).unwrap())
        .collect()
}

#[test]
fn the_way_between_even_counts_is_as_short_as_can_be() {
    // From, to, splits, merges, shards in the lineage when it is done.
    for (from, to, splits, merges, lineage) in [
        (1, 1, 0, 0, 1),
        (1, 2, 1, 0, 3),
        // What AWS was seen to do: to double, to halve, a quarter more, a quarter less.
        (2, 4, 2, 0, 6),
        (4, 2, 0, 2, 6),
        (4, 5, 4, 3, 15),
        (4, 3, 2, 3, 11),
        // What `make demo` does after 4.
        (4, 7, 6, 3, 19),
        (7, 4, 3, 6, 19),
        (6, 9, 6, 3, 21),
        (64, 128, 64, 0, 192),
        // Ranges of equal size cannot be had for less: no tenth is a thirteenth.
        (10, 13, 12, 9, 43),
        (5, 3, 2, 4, 13),
    ] {
        let mut ring = Ring::even(from);
        ring.scale(to, usize::MAX);
        ring.assert_even();
        assert_eq!(
            (ring.splits, ring.merges, ring.lineage),
            (splits, merges, lineage),
            "{from} to {to}"
        );
    }
}

#[test]
fn a_tour_ends_where_it_began_to_the_key() {
    let mut ring = Ring::even(4);
    for target in [8, 16, 48, 24, 12, 4] {
        ring.scale(target, usize::MAX);
        ring.assert_even();
    }
    assert_eq!(ring.ranges(), even(4));
}

#[test]
fn rounding_hides_no_boundary_of_ten_thousand_shards() {
    let ring = Ring::even(9_999);
    let missing = operations(&ring.open, count(10_000));
    let splits = missing.filter(|operation| matches!(operation, Operation::Split { .. }));
    assert_eq!(splits.count(), 9_999, "one in each shard");
}

proptest! {
    #[test]
    fn no_plan_takes_fewer_steps_and_each_step_tiles(
        from in 1_u32..80, to in 1_u32..80, at_once in 1_usize..12,
    ) {
        let mut ring = Ring::even(from);
        ring.scale(to, at_once);
        ring.assert_even();
        let common = greatest_common_divisor(from, to);
        prop_assert_eq!((ring.splits, ring.merges), (to - common, from - common));
        prop_assert!(ring.open_least >= from.min(to) as usize, "capacity never falls below both");
        prop_assert!(ring.open_most <= (from + to - common) as usize, "and never rises above all boundaries");
    }

    #[test]
    fn whatever_was_there_each_boundary_costs_one_step_at_most(
        keys in prop::collection::vec(any::<u128>(), 0..40), to in 1_u32..60, at_once in 1_usize..12,
    ) {
        let before = cut_at(&keys);
        let mut ring = Ring::new(&before);
        ring.scale(to, at_once);
        ring.assert_even();
        let superfluous = u32::try_from(before.len()).unwrap() - 1;
        prop_assert!(ring.splits < to && ring.merges <= superfluous);
        prop_assert_eq!(operations(&ring.open, count(to)).count(), 0, "planning again yields nothing");
    }

    #[test]
    fn boundaries_that_differ_by_rounding_cost_nothing(from in 1_u32..200, factor in 1_u32..50, wobble in -200_i64..200) {
        // Cut where so many times more shards would be, each boundary a few keys off.
        let wide = even(from);
        let keys: Vec<u128> = wide[1..].iter().map(|range| range.start().value().saturating_add_signed(wobble.into())).collect();
        let mut ring = Ring::new(&cut_at(&keys));
        ring.scale(from * factor, usize::MAX);
        prop_assert_eq!((ring.splits, ring.merges), (from * (factor - 1), 0));
    }
}
