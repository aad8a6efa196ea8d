//! Routing and `ShardFilter`, on a stream that was split and merged at known times.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::catalog::test_fixture::{Catalog, name, shard};
use crate::catalog::{MergeShards, Shard, ShardExpired, SplitShard};
use crate::quota::Limits;
use crate::{HashKey, HashKeyRange, Timestamp};

const HOUR: Duration = Duration::from_hours(1);

/// Hour 0: shards 0 and 1. Hour 1: 0 is split into 2 and 3. Hour 2: 3 and 1 are merged into 4.
struct Story {
    catalog: Catalog,
    start: Timestamp,
}

impl Story {
    fn new() -> Self {
        let mut catalog = Catalog::with_stream(2);
        let start = catalog.now;
        catalog.wait(HOUR);
        let split = SplitShard {
            stream: name("s"),
            shard: shard(0),
            new_starting_hash_key: HashKey::new(1 << 100),
            reason: String::new(),
        };
        catalog.apply(split).unwrap();
        catalog.carry_out("s");
        catalog.wait(HOUR);
        let merge = MergeShards {
            stream: name("s"),
            shard: shard(3),
            adjacent: shard(1),
            reason: String::new(),
        };
        catalog.apply(merge).unwrap();
        catalog.carry_out("s");
        Self { catalog, start }
    }

    fn at(&self, hours: f64) -> Timestamp {
        self.start.plus(HOUR.mul_f64(hours))
    }

    fn listed(&self, filter: ShardFilter, hours_now: f64) -> Vec<u32> {
        filter
            .shards(self.catalog.stream("s"), self.at(hours_now))
            .map(|shard| shard.id.index())
            .collect()
    }
}

#[test]
fn each_filter_gives_the_shards_that_aws_documents() {
    let story = Story::new();
    let at = |hours| ShardFilter::AtTimestamp(story.at(hours));
    let from = |hours| ShardFilter::FromTimestamp(story.at(hours));
    let cases = [
        (ShardFilter::FromTrimHorizon, vec![0, 1, 2, 3, 4]),
        (ShardFilter::AtTrimHorizon, vec![0, 1]),
        (ShardFilter::AtLatest, vec![2, 4]),
        (ShardFilter::AfterShardId(shard(1)), vec![2, 3, 4]),
        (ShardFilter::AfterShardId(shard(9)), vec![]),
        (at(0.5), vec![0, 1]),
        (at(1.5), vec![1, 2, 3]),
        (at(2.5), vec![2, 4]),
        // Before the stream was there: as at its beginning.
        (ShardFilter::AtTimestamp(Timestamp::EPOCH), vec![0, 1]),
        (from(1.5), vec![1, 2, 3, 4]),
        (from(2.5), vec![2, 4]),
        (
            ShardFilter::FromTimestamp(Timestamp::EPOCH),
            vec![0, 1, 2, 3, 4],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(story.listed(filter, 3.0), expected, "{filter:?}");
    }
}

#[test]
fn the_trim_horizon_moves_on_with_the_clock() {
    let story = Story::new();
    assert_eq!(story.listed(ShardFilter::AtTrimHorizon, 25.5), [1, 2, 3]);
    assert_eq!(
        story.listed(ShardFilter::FromTrimHorizon, 25.5),
        [1, 2, 3, 4],
        "0 was closed more than a day ago"
    );
    assert_eq!(story.listed(ShardFilter::AtTrimHorizon, 27.0), [2, 4]);
    // A time before the horizon is taken for the horizon.
    assert_eq!(
        story.listed(ShardFilter::AtTimestamp(story.at(0.5)), 25.5),
        [1, 2, 3]
    );
}

#[test]
fn children_are_found_after_a_split_and_after_a_merge() {
    let story = Story::new();
    let children = |id| -> Vec<u32> {
        children_of(story.catalog.stream("s"), shard(id))
            .map(|shard| shard.id.index())
            .collect()
    };
    assert_eq!(
        [0, 1, 2, 3, 4].map(children),
        [vec![2, 3], vec![4], vec![], vec![4], vec![]]
    );
}

#[test]
fn shards_that_never_took_a_record_are_not_listed() {
    let mut catalog = Catalog::with_stream(1);
    let split = SplitShard {
        stream: name("s"),
        shard: shard(0),
        new_starting_hash_key: HashKey::new(5),
        reason: String::new(),
    };
    catalog.apply(split).unwrap();
    catalog.begin_operations("s");
    let stream = catalog.stream("s");
    assert_eq!(stream.shards.len(), 3);
    assert_eq!(
        ShardFilter::FromTrimHorizon
            .shards(stream, catalog.now)
            .count(),
        1
    );
    assert_eq!(children_of(stream, shard(0)).count(), 0);
}

#[test]
fn an_expired_shard_leaves_its_children_without_a_parent() {
    let mut story = Story::new();
    let uid = story.catalog.stream("s").uid;
    story
        .catalog
        .apply(ShardExpired {
            stream: name("s"),
            uid,
            shard: shard(0),
        })
        .unwrap();
    assert_eq!(
        story.listed(ShardFilter::FromTrimHorizon, 3.0),
        [1, 2, 3, 4]
    );
}

#[test]
fn ranges_that_do_not_tile_make_no_table() {
    let range = |start, end| HashKeyRange::new(HashKey::new(start), HashKey::new(end)).unwrap();
    let table = |ranges: &[HashKeyRange]| {
        OpenShards::new(
            ranges
                .iter()
                .enumerate()
                .map(|(index, range)| (*range, shard(u32::try_from(index).unwrap()))),
        )
    };
    assert!(table(&[range(0, 9), range(10, u128::MAX)]).is_ok());
    assert!(
        table(&[range(10, u128::MAX), range(0, 9)]).is_ok(),
        "in any order"
    );
    for broken in [
        &[][..],
        &[range(0, 9)],
        &[range(1, u128::MAX)],
        &[range(0, 9), range(11, u128::MAX)],
        &[range(0, 9), range(9, u128::MAX)],
        &[HashKeyRange::ALL, HashKeyRange::ALL],
    ] {
        assert_eq!(table(broken), Err(TilingBroken), "{broken:?}");
    }
}

#[test]
fn a_hand_over_that_would_break_the_tiling_is_refused() {
    let range = |start, end| HashKeyRange::new(HashKey::new(start), HashKey::new(end)).unwrap();
    let shards = [
        (range(0, 9), shard(0)),
        (range(10, 19), shard(1)),
        (range(20, u128::MAX), shard(2)),
    ];
    let table = OpenShards::new(shards).unwrap();
    let handed_over = |parents: &[u32], children: &[HashKeyRange]| {
        let parents: Vec<_> = parents.iter().map(|index| shard(*index)).collect();
        let children: Vec<_> = children
            .iter()
            .zip(3..)
            .map(|(range, index)| (*range, shard(index)))
            .collect();
        table.handed_over(&parents, &children)
    };
    let split = handed_over(&[1], &[range(10, 14), range(15, 19)]).unwrap();
    assert_eq!(split.ids(), [0, 3, 4, 2].map(shard));
    assert_eq!(
        handed_over(&[0, 1], &[range(0, 19)]).unwrap().ids(),
        [3, 2].map(shard)
    );
    let broken: [(&[u32], &[HashKeyRange]); 8] = [
        (&[], &[range(10, 19)]),
        (&[1], &[]),
        (&[1], &[range(10, 18)]),
        (&[1], &[range(11, 19)]),
        (&[1], &[range(10, 14), range(16, 19)]),
        (&[0], &[range(10, 19)]),
        (&[1, 0], &[range(0, 19)]),
        (&[2, 3], &[range(20, u128::MAX)]),
    ];
    for (parents, children) in broken {
        assert_eq!(
            handed_over(parents, children),
            Err(TilingBroken),
            "{parents:?} {children:?}"
        );
    }
}

fn takes(shard: &Shard, key: HashKey) -> bool {
    shard.status.is_routable() && shard.range.contains(key)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_table_finds_the_only_shard_that_takes_a_key(
        shard_count in 1_u32..50, target in 1_u32..50, keys in prop::collection::vec(any::<u128>(), 20),
    ) {
        let mut catalog = Catalog::with_limits(Limits::unlimited());
        catalog.create("s", shard_count);
        catalog.scale("s", target);
        let stream = catalog.stream("s");
        let edges = stream.shards.values().flat_map(|shard| [shard.range.start(), shard.range.end()]);
        for key in edges.chain(keys.into_iter().map(HashKey::new)) {
            let expected: Vec<_> = stream.shards.values().filter(|shard| takes(shard, key)).map(|it| it.id).collect();
            prop_assert_eq!(&[stream.open_shards.shard_of(key).unwrap()][..], &expected[..]);
        }
    }

    #[test]
    fn at_every_time_since_its_beginning_the_shards_of_a_stream_tile(
        targets in prop::collection::vec((1_u32..12, 1_u64..100_000), 1..6), ask_ms in 0_u64..600_000,
    ) {
        let mut catalog = Catalog::with_limits(Limits::unlimited());
        catalog.create("s", 3);
        let start = catalog.now;
        for (target, pause_ms) in targets {
            catalog.wait(Duration::from_millis(pause_ms));
            catalog.scale("s", target);
        }
        let filter = ShardFilter::AtTimestamp(start.plus(Duration::from_millis(ask_ms)));
        let open = filter.shards(catalog.stream("s"), catalog.now).map(|shard| (shard.range, shard.id));
        prop_assert!(OpenShards::new(open).is_ok());
    }
}
