//! Splits, merges and uniform scaling: what is refused, and what comes of it. The laws are in `resharding_laws`.

use std::time::Duration;

use crate::catalog::test_fixture::{Catalog, name, shard};
use crate::catalog::*;
use crate::quota::Limits;
use crate::{HashKey, HashKeyRange};

pub(super) fn split(id: u32, key: u128) -> SplitShard {
    SplitShard {
        stream: name("s"),
        shard: shard(id),
        new_starting_hash_key: HashKey::new(key),
        reason: "SplitShard".to_owned(),
    }
}

pub(super) fn merge(first: u32, second: u32) -> MergeShards {
    MergeShards {
        stream: name("s"),
        shard: shard(first),
        adjacent: shard(second),
        reason: "MergeShards".to_owned(),
    }
}

pub(super) fn update(target: u32) -> UpdateShardCount {
    UpdateShardCount {
        stream: name("s"),
        target,
        reason: "UpdateShardCount".to_owned(),
    }
}

#[test]
fn a_split_closes_the_parent_and_opens_two_children() {
    let mut catalog = Catalog::with_stream(1);
    catalog.apply(split(0, 1 << 127)).unwrap();
    assert_eq!(catalog.stream("s").status, StreamStatus::Updating);
    let epochs = catalog.begin_operations("s");
    let stream = catalog.stream("s");
    assert_eq!(
        stream.shards.get(&shard(0)).unwrap().status,
        ShardStatus::Sealing
    );
    assert_eq!(
        stream.open_shards.shard_of(HashKey::MAX),
        Some(shard(0)),
        "puts still go to the parent"
    );
    catalog.wait(Duration::from_millis(2_300));
    catalog.finish_operations("s", &epochs).unwrap();
    let stream = catalog.stream("s");
    assert_eq!(stream.status, StreamStatus::Active);
    assert_eq!(stream.open_shards.ids(), [shard(1), shard(2)]);
    let [parent, left, right] = [0, 1, 2].map(|id| stream.shards.get(&shard(id)).unwrap().clone());
    assert_eq!((left.parent, left.adjacent_parent), (Some(shard(0)), None));
    assert_eq!(right.range.start(), HashKey::new(1 << 127));
    assert_eq!(parent.closed_at(), Some(catalog.now));
    assert_eq!(
        left.created.as_secs(),
        catalog.now.as_secs() + 1,
        "as AWS: a second after the close"
    );
    assert_eq!(left.opened_at, parent.closed_at());
    assert!(matches!(
        stream.reshards.get_max().unwrap().1.status,
        ReshardStatus::Done { .. }
    ));
}

#[test]
fn a_merge_names_both_parents() {
    let mut catalog = Catalog::with_stream(2);
    catalog.apply(merge(0, 1)).unwrap();
    catalog.carry_out("s");
    let child = catalog.stream("s").shards.get(&shard(2)).unwrap().clone();
    assert_eq!(
        (child.parent, child.adjacent_parent),
        (Some(shard(0)), Some(shard(1)))
    );
    assert_eq!(child.range, HashKeyRange::ALL);
}

#[test]
fn a_split_is_refused_in_aws_order() {
    let mut catalog = Catalog::with_stream(2);
    let range = catalog.ranges("s")[0];
    let (start, end) = (range.start(), range.end());
    assert_eq!(
        catalog.apply(split(2, 5)),
        Err(ChangeError::ShardNotFound {
            stream: name("s"),
            shard: shard(2)
        })
    );
    for key in [0, 1, end.value(), end.value() + 1] {
        let key = HashKey::new(key);
        let refused = ChangeError::SplitOutOfRange {
            stream: name("s"),
            shard: shard(0),
            key,
            start,
            end,
        };
        assert_eq!(catalog.apply(split(0, key.value())), Err(refused));
    }
    catalog.apply(split(0, 2)).unwrap();
    let status = StreamStatus::Updating;
    assert_eq!(
        catalog.apply(split(0, 1)),
        Err(ChangeError::StreamNotActive {
            stream: name("s"),
            status
        })
    );
    catalog.carry_out("s");
    assert_eq!(
        catalog.apply(split(0, 2)),
        Err(ChangeError::ShardNotOpen {
            stream: name("s"),
            shard: shard(0)
        })
    );
    catalog.create_on_demand("d");
    let on_demand = SplitShard {
        stream: name("d"),
        ..split(0, 2)
    };
    assert_eq!(
        catalog.apply(on_demand),
        Err(ChangeError::StreamIsOnDemand { stream: name("d") })
    );
}

#[test]
fn a_merge_is_refused_in_aws_order() {
    let mut catalog = Catalog::with_stream(3);
    assert_eq!(
        catalog.apply(merge(0, 7)),
        Err(ChangeError::ShardNotFound {
            stream: name("s"),
            shard: shard(7)
        })
    );
    for (first, second) in [(0, 2), (1, 0), (0, 0)] {
        let refused = ChangeError::NotAdjacent {
            stream: name("s"),
            first: shard(first),
            second: shard(second),
        };
        assert_eq!(catalog.apply(merge(first, second)), Err(refused));
    }
    catalog.apply(merge(0, 1)).unwrap();
    catalog.carry_out("s");
    assert_eq!(
        catalog.apply(merge(0, 1)),
        Err(ChangeError::ShardNotOpen {
            stream: name("s"),
            shard: shard(0)
        })
    );
}

#[test]
fn a_split_counts_against_the_accounts_shards() {
    let mut catalog = Catalog::with_limits(Limits {
        shards_per_account: Some(2),
        ..Limits::aws()
    });
    catalog.create("s", 2);
    assert_eq!(
        catalog.apply(split(0, 5)),
        Err(ChangeError::ShardLimit {
            open: 2,
            limit: 2,
            additional: 1
        })
    );
    assert_eq!(
        catalog.apply(update(3)),
        Err(ChangeError::ShardLimit {
            open: 2,
            limit: 2,
            additional: 1
        })
    );
}

#[test]
fn the_shard_count_is_at_most_doubled_and_at_least_halved() {
    let mut catalog = Catalog::with_stream(5);
    let too_high = ChangeError::TargetTooHigh {
        current: 5,
        target: 11,
        limit: 10,
    };
    let too_low = ChangeError::TargetTooLow {
        current: 5,
        target: 2,
        limit: 3,
    };
    assert_eq!(catalog.apply(update(11)), Err(too_high));
    assert_eq!(catalog.apply(update(2)), Err(too_low));
    catalog.apply(update(3)).unwrap();
    catalog.carry_out("s");
    catalog.apply(update(6)).unwrap();
}

#[test]
fn the_shard_count_is_updated_ten_times_a_day() {
    let mut catalog = Catalog::with_stream(2);
    for turn in 0..10 {
        catalog
            .apply(update(if turn % 2 == 0 { 3 } else { 2 }))
            .unwrap();
        catalog.carry_out("s");
    }
    assert_eq!(
        catalog.apply(update(3)),
        Err(ChangeError::TooManyShardCountUpdates {
            uses: 10,
            limit: 10
        })
    );
    catalog.wait(Duration::from_hours(24));
    catalog.apply(update(3)).unwrap();
}

#[test]
fn an_on_demand_stream_is_scaled_by_the_service_only() {
    let mut catalog = Catalog::new();
    catalog.create_on_demand("d");
    let by_owner = UpdateShardCount {
        stream: name("d"),
        ..update(8)
    };
    assert_eq!(
        catalog.apply(by_owner),
        Err(ChangeError::StreamIsOnDemand { stream: name("d") })
    );
    let by_service = ScaleStream {
        stream: name("d"),
        target: 20,
        reason: "warm throughput".to_owned(),
    };
    catalog.apply(by_service).unwrap();
    catalog.carry_out("d");
    assert_eq!(catalog.stream("d").open_shard_count(), 20);
}

#[test]
fn what_is_as_asked_for_already_is_done_at_once() {
    let mut catalog = Catalog::with_stream(4);
    catalog.apply(update(4)).unwrap();
    assert_eq!(catalog.stream("s").status, StreamStatus::Active);
    assert!(catalog.stream("s").running_reshard().is_none());
}

#[test]
fn doubling_64_shards_takes_few_turns_and_only_splits() {
    let mut catalog = Catalog::with_stream(64);
    catalog.apply(update(128)).unwrap();
    assert_eq!(catalog.carry_out("s"), 4, "sixteen at a time");
    let reshard = catalog.stream("s").reshards.get_max().unwrap().1.clone();
    assert_eq!(reshard.operations_done, 64);
}

#[test]
fn a_stale_step_is_refused_and_a_repeated_one_changes_nothing() {
    let mut catalog = Catalog::with_stream(2);
    catalog.apply(update(4)).unwrap();
    let before = catalog.stream("s").clone();
    let reshard = before.running_reshard().unwrap().clone();
    let operation = crate::reshard::next_operations(&before, &reshard)[0];
    let epochs = catalog.begin_operations("s");
    let operations = vec![NewOperation {
        operation,
        child_uids: catalog.uids(2),
    }];
    let again = BeginOperations {
        stream: name("s"),
        uid: before.uid,
        reshard: reshard.id,
        operations,
    };
    let not_open = ChangeError::ShardNotOpen {
        stream: name("s"),
        shard: shard(0),
    };
    assert_eq!(catalog.apply(again), Err(not_open));
    catalog.finish_operations("s", &epochs[..1]).unwrap();
    let stale = ChangeError::StaleOperation {
        stream: name("s"),
        reshard: reshard.id,
        epoch: epochs[0],
    };
    assert_eq!(catalog.finish_operations("s", &epochs[..1]), Err(stale));
    catalog.finish_operations("s", &epochs[1..]).unwrap();
    let done = ChangeError::ReshardNotRunning {
        stream: name("s"),
        reshard: reshard.id,
    };
    assert_eq!(catalog.finish_operations("s", &epochs[1..]), Err(done));
}

#[test]
fn a_stream_may_be_deleted_while_it_is_resharded() {
    let mut catalog = Catalog::with_stream(2);
    catalog.apply(update(4)).unwrap();
    let epochs = catalog.begin_operations("s");
    catalog
        .apply(DeleteStream {
            name: name("s"),
            enforce_consumer_deletion: false,
        })
        .unwrap();
    assert!(catalog.finish_operations("s", &epochs).is_err());
    let uid = catalog.stream("s").uid;
    catalog
        .apply(StreamGone {
            name: name("s"),
            uid,
        })
        .unwrap();
}

#[test]
fn the_history_of_reshards_is_bounded() {
    let mut catalog = Catalog::with_limits(Limits::unlimited());
    catalog.create("s", 1);
    for _ in 0..40 {
        catalog.apply(update(2)).unwrap();
        catalog.carry_out("s");
        catalog.apply(update(1)).unwrap();
        catalog.carry_out("s");
    }
    assert_eq!(
        catalog.stream("s").reshards.len(),
        crate::quota::RESHARD_HISTORY_MAX
    );
}

#[test]
fn a_closed_shard_expires_and_its_id_is_never_used_again() {
    let mut catalog = Catalog::with_stream(1);
    let uid = catalog.stream("s").uid;
    let expired = |id| ShardExpired {
        stream: name("s"),
        uid,
        shard: shard(id),
    };
    let still_open = ChangeError::ShardStillOpen {
        stream: name("s"),
        shard: shard(0),
    };
    assert_eq!(catalog.apply(expired(0)), Err(still_open));
    catalog.apply(split(0, 5)).unwrap();
    catalog.carry_out("s");
    catalog.apply(expired(0)).unwrap();
    catalog.apply(expired(0)).unwrap();
    catalog.apply(merge(1, 2)).unwrap();
    catalog.carry_out("s");
    assert_eq!(catalog.stream("s").open_shards.ids(), [shard(3)]);
}

#[test]
fn five_hundred_shards_are_doubled() {
    let mut catalog = Catalog::with_limits(Limits::unlimited());
    catalog.create("s", 500);
    catalog.apply(update(1_000)).unwrap();
    catalog.carry_out("s");
    assert_eq!(catalog.stream("s").open_shard_count(), 1_000);
}

fn recut(added: &[u128], removed: &[u128], decided_on: Option<u64>) -> RecutStream {
    let keys = |values: &[u128]| values.iter().copied().map(HashKey::new).collect();
    RecutStream {
        stream: name("s"),
        added: keys(added),
        removed: keys(removed),
        decided_on,
        reason: "autoscaler".to_owned(),
    }
}

#[test]
fn boundaries_come_and_go_in_one_reshard_and_everything_else_stays() {
    let mut catalog = Catalog::new();
    catalog.create_on_demand("s");
    let quarter = 1 << 126;
    let kept = catalog.ranges("s")[3];
    let change = recut(&[7, 9, quarter - 1], &[2 * quarter], Some(0));
    catalog.apply(change).unwrap();
    assert_eq!(catalog.stream("s").status, StreamStatus::Updating);
    let turns = catalog.carry_out("s");
    assert_eq!(
        turns, 2,
        "the middle cut and the merge, then the other two cuts"
    );
    let starts: Vec<_> = catalog
        .ranges("s")
        .iter()
        .map(|range| range.start().value())
        .collect();
    assert_eq!(starts, [0, 7, 9, quarter - 1, quarter, 3 * quarter]);
    assert_eq!(catalog.ranges("s").last(), Some(&kept));
    assert_eq!(catalog.stream("s").status, StreamStatus::Active);
}

#[test]
fn boundaries_that_cannot_come_or_go_and_old_plans_are_refused() {
    let mut catalog = Catalog::with_stream(2);
    let half = 1 << 127;
    for (added, removed, key) in [
        (&[half][..], &[][..], half),
        (&[0], &[], 0),
        (&[], &[5], 5),
        (&[], &[0], 0),
    ] {
        let refused = ChangeError::WrongBoundary {
            stream: name("s"),
            key: HashKey::new(key),
        };
        assert_eq!(catalog.apply(recut(added, removed, None)), Err(refused));
    }
    let many: Vec<_> = (1..600).collect();
    let refused = catalog.apply(recut(&many, &[], None));
    assert!(matches!(
        refused,
        Err(ChangeError::TooManyBoundaries { .. })
    ));
    catalog.apply(recut(&[9], &[], Some(0))).unwrap();
    catalog.carry_out("s");
    let refused = catalog.apply(recut(&[99], &[], Some(0)));
    assert!(matches!(
        refused,
        Err(ChangeError::PlanOvertaken {
            planned: 0,
            current: 1,
            ..
        })
    ));
}
