//! What holds for any sequence of splits, merges and uniform scalings.

use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;

use super::resharding::{merge, split, update};
use crate::catalog::test_fixture::Catalog;
use crate::catalog::*;
use crate::quota::Limits;
use crate::{HashKeyRange, ShardId};

/// One thing that may be asked of a stream; what names no open shard is taken modulo their number.
#[derive(Clone, Debug)]
enum Wish {
    Split(usize, u128),
    Merge(usize),
    Uniform(u32),
    WaitMs(u64),
}

fn any_wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        (any::<usize>(), any::<u128>()).prop_map(|(index, key)| Wish::Split(index, key)),
        any::<usize>().prop_map(Wish::Merge),
        (1_u32..40).prop_map(Wish::Uniform),
        (0_u64..5_000).prop_map(Wish::WaitMs),
    ]
}

fn fulfil(catalog: &mut Catalog, wish: &Wish) {
    let open: Vec<ShardId> = catalog.stream("s").open_shards.ids().to_vec();
    let id_at = |index: usize| open[index % open.len()].index();
    let result = match wish {
        Wish::Split(index, key) => {
            let range = catalog.ranges("s")[index % open.len()];
            let key = range.start().value() + key % range.span().max(1);
            catalog.apply(split(id_at(*index), key))
        }
        Wish::Merge(index) => catalog.apply(merge(id_at(*index), id_at(index.wrapping_add(1)))),
        Wish::Uniform(target) => catalog.apply(update(*target)),
        Wish::WaitMs(ms) => {
            catalog.wait(Duration::from_millis(*ms));
            return;
        }
    };
    if result.is_ok() {
        catalog.carry_out("s");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // The catalog of the fixture checks tiling, totals and lineage after every change.
    #[test]
    fn any_sequence_of_reshards_keeps_the_tiling_and_the_order_of_the_lineage(
        shard_count in 1_u32..12, wishes in prop::collection::vec(any_wish(), 1..12),
    ) {
        let mut catalog = Catalog::with_limits(Limits::unlimited());
        catalog.create("s", shard_count);
        for wish in &wishes {
            fulfil(&mut catalog, wish);
        }
        prop_assert_eq!(catalog.stream("s").status, StreamStatus::Active);
    }

    #[test]
    fn uniform_scaling_reaches_its_target_evenly_whatever_was_there(
        shard_count in 1_u32..12, wishes in prop::collection::vec(any_wish(), 0..5), target in 1_u32..60,
    ) {
        let mut catalog = Catalog::with_limits(Limits::unlimited());
        catalog.create("s", shard_count);
        for wish in &wishes {
            fulfil(&mut catalog, wish);
        }
        catalog.apply(update(target)).unwrap();
        catalog.carry_out("s");
        let ranges = catalog.ranges("s");
        prop_assert_eq!(ranges.len(), target as usize);
        let even = HashKeyRange::ALL.even_split(NonZeroU32::new(target).unwrap()).unwrap();
        for (is, should_be) in ranges.iter().zip(&even) {
            // Boundaries of earlier even counts stay, and theirs are rounded: by a key a shard at most.
            let tolerance = 120;
            prop_assert!(is.start().value().abs_diff(should_be.start().value()) <= tolerance);
            prop_assert!(is.span().abs_diff(should_be.span()) <= tolerance);
        }
    }

    #[test]
    fn uniform_scaling_takes_one_operation_for_each_boundary_that_differs(before in 1_u32..60, after in 1_u32..60) {
        let mut catalog = Catalog::with_limits(Limits::unlimited());
        catalog.create("s", before);
        catalog.apply(update(after)).unwrap();
        catalog.carry_out("s");
        // Boundaries k/before and j/after coincide where both are multiples of 1/gcd.
        let gcd = (1..=before.min(after)).rev().find(|it| before % it == 0 && after % it == 0).unwrap();
        let least = (before - gcd) + (after - gcd);
        prop_assert_eq!(catalog.stream("s").reshards.get_max().unwrap().1.operations_done, least);
    }
}
