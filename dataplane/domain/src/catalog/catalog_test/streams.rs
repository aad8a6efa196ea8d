//! Creating and deleting streams, and the quotas of both.

use crate::catalog::test_fixture::{Catalog, name};
use crate::catalog::*;
use crate::quota::Limits;
use crate::{StreamUid, Timestamp};

#[test]
fn a_new_stream_has_aws_defaults_and_takes_records_once_its_shards_are_there() {
    let mut catalog = Catalog::new();
    let request = catalog.create_request("s", StreamMode::Provisioned, 3);
    let touched = catalog.apply(request).unwrap();
    assert_eq!(touched.len(), 4, "the stream and its three shards");
    let stream = catalog.stream("s");
    assert_eq!(
        (stream.status, stream.retention_hours),
        (StreamStatus::Creating, 24)
    );
    assert_eq!(
        (stream.max_record_size_kib, stream.open_shard_count()),
        (1_024, 0)
    );
    assert!(!stream.is_serving());
    catalog.activate("s");
    let stream = catalog.stream("s");
    assert_eq!(
        (stream.status, stream.open_shard_count()),
        (StreamStatus::Active, 3)
    );
    assert!(
        stream
            .shards
            .values()
            .all(|shard| shard.opened_at == Some(catalog.now))
    );
}

#[test]
fn a_shards_numbers_begin_before_its_first_record_can_come() {
    let catalog = Catalog::with_stream(1);
    let first = catalog.stream("s").shards.get_min().unwrap().1.clone();
    assert_eq!(first.created.as_secs() + 2, catalog.now.as_secs());
}

#[test]
fn a_name_is_taken_until_its_stream_is_gone() {
    let mut catalog = Catalog::with_stream(1);
    let again = catalog.create_request("s", StreamMode::Provisioned, 1);
    let exists = ChangeError::StreamExists { stream: name("s") };
    assert_eq!(catalog.apply(again.clone()), Err(exists.clone()));
    let uid = catalog.stream("s").uid;
    catalog
        .apply(DeleteStream {
            name: name("s"),
            enforce_consumer_deletion: false,
        })
        .unwrap();
    assert_eq!(catalog.apply(again.clone()), Err(exists));
    let touched = catalog
        .apply(StreamGone {
            name: name("s"),
            uid,
        })
        .unwrap();
    assert_eq!(touched.len(), 2);
    assert!(
        touched
            .iter()
            .all(|key| catalog.snapshot.object_bytes(key).is_none())
    );
    catalog.apply(again).unwrap();
}

#[test]
fn a_step_of_an_earlier_life_is_refused() {
    let mut catalog = Catalog::with_stream(1);
    catalog
        .apply(DeleteStream {
            name: name("s"),
            enforce_consumer_deletion: false,
        })
        .unwrap();
    let earlier = StreamGone {
        name: name("s"),
        uid: StreamUid::from_bits(u128::MAX),
    };
    assert_eq!(
        catalog.apply(earlier),
        Err(ChangeError::StreamReplaced { stream: name("s") })
    );
}

#[test]
fn a_stream_that_is_not_being_deleted_is_not_forgotten() {
    let mut catalog = Catalog::with_stream(1);
    let uid = catalog.stream("s").uid;
    let refused = catalog.apply(StreamGone {
        name: name("s"),
        uid,
    });
    let status = StreamStatus::Active;
    assert_eq!(
        refused,
        Err(ChangeError::StreamNotDeleting {
            stream: name("s"),
            status
        })
    );
}

#[test]
fn a_stream_may_be_deleted_while_it_is_created() {
    let mut catalog = Catalog::new();
    let request = catalog.create_request("s", StreamMode::Provisioned, 1);
    catalog.apply(request).unwrap();
    let uid = catalog.stream("s").uid;
    catalog
        .apply(DeleteStream {
            name: name("s"),
            enforce_consumer_deletion: false,
        })
        .unwrap();
    catalog.activate("s");
    assert_eq!(catalog.stream("s").status, StreamStatus::Deleting);
    catalog
        .apply(StreamGone {
            name: name("s"),
            uid,
        })
        .unwrap();
    assert_eq!(catalog.snapshot.totals(), Totals::default());
}

#[test]
fn a_sixth_stream_waits_until_one_of_five_is_created() {
    let mut catalog = Catalog::new();
    for number in 0..5 {
        let request = catalog.create_request(&format!("s{number}"), StreamMode::Provisioned, 1);
        catalog.apply(request).unwrap();
    }
    let sixth = catalog.create_request("s5", StreamMode::Provisioned, 1);
    assert_eq!(
        catalog.apply(sixth.clone()),
        Err(ChangeError::TooManyCreatingStreams {
            creating: 5,
            limit: 5
        })
    );
    catalog.activate("s0");
    catalog.apply(sixth).unwrap();
}

#[test]
fn the_accounts_shard_limit_counts_all_streams() {
    let mut catalog = Catalog::with_limits(Limits {
        shards_per_account: Some(10),
        ..Limits::aws()
    });
    catalog.create("a", 4);
    catalog.create("b", 4);
    let third = catalog.create_request("c", StreamMode::Provisioned, 3);
    assert_eq!(
        catalog.apply(third),
        Err(ChangeError::ShardLimit {
            open: 8,
            limit: 10,
            additional: 3
        })
    );
    catalog.create("c", 2);
}

#[test]
fn on_demand_streams_are_counted_apart() {
    let mut catalog = Catalog::with_limits(Limits {
        on_demand_streams_per_account: Some(1),
        ..Limits::aws()
    });
    catalog.create_on_demand("a");
    let second = catalog.create_request("b", StreamMode::OnDemand, 4);
    assert_eq!(
        catalog.apply(second),
        Err(ChangeError::TooManyOnDemandStreams { count: 1, limit: 1 })
    );
    catalog.create("b", 1);
}

#[test]
fn without_limits_nothing_is_counted() {
    let mut catalog = Catalog::with_limits(Limits::unlimited());
    for number in 0..60 {
        let request = catalog.create_request(&format!("s{number}"), StreamMode::OnDemand, 4);
        catalog.apply(request).unwrap();
    }
}

#[test]
fn the_shard_count_is_the_owners_or_the_services() {
    let count = |mode, requested, warm| {
        CreateStream::shard_count(mode, requested, warm).map(std::num::NonZero::get)
    };
    assert_eq!(count(StreamMode::Provisioned, Some(7), None), Ok(7));
    assert_eq!(
        count(StreamMode::Provisioned, None, None),
        Err(ChangeError::ShardCountRequired)
    );
    assert_eq!(count(StreamMode::OnDemand, None, None), Ok(4));
    assert_eq!(count(StreamMode::OnDemand, None, Some(100)), Ok(100));
}

#[test]
fn a_provisioned_stream_has_neither_warm_throughput_nor_automatic_distribution() {
    let mut catalog = Catalog::new();
    let plain = catalog.create_request("s", StreamMode::Provisioned, 1);
    let refused = Err(ChangeError::StreamIsProvisioned { stream: name("s") });
    assert_eq!(
        catalog.apply(CreateStream {
            warm_throughput_mibps: Some(1),
            ..plain.clone()
        }),
        refused
    );
    let automatic = Some(RecordDistribution::Auto);
    assert_eq!(
        catalog.apply(CreateStream {
            record_distribution: automatic,
            ..plain
        }),
        refused
    );
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    let mut catalog = Catalog::new();
    let not_found = Err(ChangeError::StreamNotFound { stream: name("s") });
    assert_eq!(
        catalog.apply(DeleteStream {
            name: name("s"),
            enforce_consumer_deletion: true
        }),
        not_found
    );
    assert_eq!(
        catalog.apply(IncreaseRetention {
            stream: name("s"),
            hours: 1
        }),
        not_found
    );
    let split = SplitShard {
        stream: name("s"),
        shard: crate::catalog::test_fixture::shard(0),
        new_starting_hash_key: crate::HashKey::MAX,
        reason: String::new(),
    };
    assert_eq!(catalog.apply(split), not_found);
}

#[test]
fn a_refused_change_leaves_the_snapshot_as_it_was() {
    let catalog = Catalog::with_stream(1);
    let before = catalog.snapshot.version;
    let change = Change::from(IncreaseRetention {
        stream: name("s"),
        hours: 1,
    });
    assert!(catalog.snapshot.apply(&change, Timestamp::EPOCH).is_err());
    assert_eq!(catalog.snapshot.version, before);
}
