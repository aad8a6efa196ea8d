//! Retention, tags, monitoring, encryption, mode, warm throughput, record size, distribution, policies, the account.

use std::time::Duration;

use crate::catalog::test_fixture::{Catalog, name};
use crate::catalog::*;

const HOUR: Duration = Duration::from_hours(1);

fn stream() -> Resource {
    Resource::Stream(name("s"))
}

#[test]
fn retention_has_bounds_and_each_operation_one_direction() {
    let increase = |hours| IncreaseRetention {
        stream: name("s"),
        hours,
    };
    let decrease = |hours| DecreaseRetention {
        stream: name("s"),
        hours,
    };
    let mut catalog = Catalog::with_stream(1);
    assert_eq!(
        catalog.apply(increase(23)),
        Err(ChangeError::RetentionTooShort {
            requested: 23,
            min: 24
        })
    );
    assert_eq!(
        catalog.apply(increase(8_761)),
        Err(ChangeError::RetentionTooLong {
            requested: 8_761,
            max: 8_760
        })
    );
    catalog.apply(increase(8_760)).unwrap();
    let existing = 8_760;
    assert_eq!(
        catalog.apply(increase(48)),
        Err(ChangeError::RetentionBelowExisting {
            stream: name("s"),
            requested: 48,
            existing
        })
    );
    assert_eq!(
        catalog.apply(decrease(23)),
        Err(ChangeError::RetentionTooShort {
            requested: 23,
            min: 24
        })
    );
    catalog.apply(decrease(48)).unwrap();
    assert_eq!(
        catalog.apply(decrease(49)),
        Err(ChangeError::RetentionAboveExisting {
            stream: name("s"),
            requested: 49,
            existing: 48
        })
    );
    assert_eq!(catalog.stream("s").retention_hours, 48);
}

#[test]
fn tags_are_checked_by_aws_two_rules_and_then_counted() {
    let add = |pairs: &[(&str, &str)]| AddTags {
        resource: stream(),
        tags: pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let mut catalog = Catalog::with_stream(1);
    let illegal = |rule| Err(ChangeError::IllegalTag(rule));
    assert_eq!(
        catalog.apply(add(&[("a\tb", "c")])),
        illegal(IllegalTag::InvalidCharacter)
    );
    assert_eq!(
        catalog.apply(add(&[("aws:x", "c")])),
        illegal(IllegalTag::InvalidCharacter)
    );
    assert_eq!(
        catalog.apply(add(&[("a%", "b;")])),
        illegal(IllegalTag::InvalidCharacter)
    );
    assert_eq!(
        catalog.apply(add(&[("a", "100%")])),
        illegal(IllegalTag::PercentSign)
    );
    catalog
        .apply(add(&[("Äpfel_./-=+ @", "ü"), ("a", "")]))
        .unwrap();
    catalog.apply(add(&[("a", "new")])).unwrap();
    assert_eq!(catalog.stream("s").tags["a"], "new");
    let more: Vec<_> = (0..49)
        .map(|number| (format!("k{number}"), String::new()))
        .collect();
    let more = AddTags {
        resource: stream(),
        tags: more.into_iter().collect(),
    };
    assert_eq!(
        catalog.apply(more),
        Err(ChangeError::TooManyTags { limit: 50 })
    );
    catalog
        .apply(RemoveTags {
            resource: stream(),
            keys: vec!["a".to_owned(), "none".to_owned()],
        })
        .unwrap();
    assert_eq!(catalog.stream("s").tags.len(), 1);
    let remove = RemoveTags {
        resource: stream(),
        keys: vec!["%".to_owned()],
    };
    assert_eq!(
        catalog.apply(remove),
        illegal(IllegalTag::PercentSignInRemoved)
    );
}

#[test]
fn monitoring_adds_and_takes_metrics() {
    let metrics = |names: &[&str]| ShardLevelMetric::expand(names.iter().copied()).unwrap();
    let mut catalog = Catalog::with_stream(1);
    let enable = EnableEnhancedMonitoring {
        stream: name("s"),
        metrics: metrics(&["IncomingBytes"]),
    };
    catalog.apply(enable).unwrap();
    catalog
        .apply(EnableEnhancedMonitoring {
            stream: name("s"),
            metrics: metrics(&["ALL"]),
        })
        .unwrap();
    assert_eq!(catalog.stream("s").shard_level_metrics.len(), 7);
    let disable = DisableEnhancedMonitoring {
        stream: name("s"),
        metrics: metrics(&["IncomingBytes"]),
    };
    catalog.apply(disable).unwrap();
    assert_eq!(catalog.stream("s").shard_level_metrics.len(), 6);
    assert_eq!(ShardLevelMetric::expand(["Incoming"]), Err(UnknownMetric));
}

#[test]
fn a_key_may_be_set_25_times_a_day() {
    let start = || StartStreamEncryption {
        stream: name("s"),
        key: "alias/k".parse().unwrap(),
    };
    let mut catalog = Catalog::with_stream(1);
    for _ in 0..25 {
        catalog.apply(start()).unwrap();
    }
    assert_eq!(
        catalog.apply(start()),
        Err(ChangeError::TooManyEncryptionChanges {
            uses: 25,
            limit: 25
        })
    );
    catalog
        .apply(StopStreamEncryption { stream: name("s") })
        .unwrap();
    assert_eq!(catalog.stream("s").encryption, None);
    catalog.wait(24 * HOUR);
    catalog.apply(start()).unwrap();
    assert!(catalog.stream("s").encryption.is_some());
}

#[test]
fn the_mode_may_be_switched_twice_a_day() {
    let switch = |mode| UpdateStreamMode {
        stream: name("s"),
        mode,
        warm_throughput_mibps: None,
    };
    let mut catalog = Catalog::with_stream(3);
    catalog.apply(switch(StreamMode::Provisioned)).unwrap();
    catalog.apply(switch(StreamMode::OnDemand)).unwrap();
    assert_eq!(catalog.stream("s").open_shard_count(), 3, "the shards stay");
    let distribution = RecordDistribution::Auto;
    catalog
        .apply(UpdateStreamRecordDistribution {
            stream: name("s"),
            distribution,
        })
        .unwrap();
    catalog.apply(switch(StreamMode::Provisioned)).unwrap();
    assert_eq!(
        catalog.stream("s").record_distribution,
        RecordDistribution::UserPartitionKey
    );
    let again = catalog.apply(switch(StreamMode::OnDemand));
    assert_eq!(
        again,
        Err(ChangeError::TooManyModeSwitches { uses: 2, limit: 2 })
    );
    catalog.wait(24 * HOUR);
    catalog.apply(switch(StreamMode::OnDemand)).unwrap();
}

#[test]
fn automatic_distribution_is_for_on_demand_streams() {
    let distribution = RecordDistribution::Auto;
    let update = |stream| UpdateStreamRecordDistribution {
        stream: name(stream),
        distribution,
    };
    let mut catalog = Catalog::with_stream(1);
    catalog.create_on_demand("d");
    assert_eq!(
        catalog.apply(update("s")),
        Err(ChangeError::StreamIsProvisioned { stream: name("s") })
    );
    catalog.apply(update("d")).unwrap();
    assert_eq!(catalog.stream("d").record_distribution, distribution);
}

#[test]
fn warm_throughput_needs_an_on_demand_stream_and_the_accounts_commitment() {
    let warm = |stream, mibps| UpdateStreamWarmThroughput {
        stream: name(stream),
        mibps,
    };
    let mut catalog = Catalog::with_stream(1);
    catalog.create_on_demand("d");
    assert_eq!(
        catalog.apply(warm("s", 8)),
        Err(ChangeError::StreamIsProvisioned { stream: name("s") })
    );
    assert_eq!(
        catalog.apply(warm("d", 8)),
        Err(ChangeError::WarmThroughputNeedsCommitment)
    );
    catalog
        .apply(UpdateAccountSettings::EnableBillingCommitment)
        .unwrap();
    catalog.apply(warm("d", 8)).unwrap();
    assert_eq!(catalog.stream("d").warm_throughput_mibps, Some(8));
    let too_high = ChangeError::WarmThroughputTooHigh {
        requested: 10_241,
        limit: 10_240,
    };
    assert_eq!(catalog.apply(warm("d", 10_241)), Err(too_high));
}

#[test]
fn the_largest_record_is_from_1_to_10_mib() {
    let update = |kib| UpdateMaxRecordSize {
        stream: name("s"),
        kib,
    };
    let mut catalog = Catalog::with_stream(1);
    for requested in [1_023, 10_241] {
        let refused = ChangeError::RecordSizeOutOfRange {
            requested,
            min: 1_024,
            max: 10_240,
        };
        assert_eq!(catalog.apply(update(requested)), Err(refused));
    }
    catalog.apply(update(10_240)).unwrap();
    assert_eq!(
        catalog.stream("s").max_record_size_bytes(),
        10 * 1024 * 1024
    );
}

#[test]
fn settings_wait_for_an_active_stream() {
    let mut catalog = Catalog::new();
    let request = catalog.create_request("s", StreamMode::OnDemand, 4);
    catalog.apply(request).unwrap();
    let status = StreamStatus::Creating;
    let refused = Err(ChangeError::StreamNotActive {
        stream: name("s"),
        status,
    });
    assert_eq!(
        catalog.apply(UpdateMaxRecordSize {
            stream: name("s"),
            kib: 2_048
        }),
        refused
    );
    assert_eq!(
        catalog.apply(StopStreamEncryption { stream: name("s") }),
        refused
    );
    assert_eq!(
        catalog.apply(IncreaseRetention {
            stream: name("s"),
            hours: 48
        }),
        refused
    );
}

#[test]
fn a_policy_is_kept_as_it_was_given() {
    let mut catalog = Catalog::with_stream(1);
    let delete = || DeleteResourcePolicy { resource: stream() };
    assert_eq!(catalog.apply(delete()), Err(ChangeError::PolicyNotFound));
    catalog
        .apply(PutResourcePolicy {
            resource: stream(),
            policy: "{}".to_owned(),
        })
        .unwrap();
    assert_eq!(catalog.stream("s").resource_policy.as_deref(), Some("{}"));
    catalog.apply(delete()).unwrap();
    assert_eq!(catalog.stream("s").resource_policy, None);
}

#[test]
fn a_commitment_lasts_a_day_at_least() {
    let mut catalog = Catalog::new();
    let at = |catalog: &Catalog| {
        catalog
            .snapshot
            .account
            .billing_commitment
            .at(catalog.now)
            .status()
    };
    catalog
        .apply(UpdateAccountSettings::DisableBillingCommitment)
        .unwrap();
    assert_eq!(at(&catalog), CommitmentStatus::Disabled);
    let started_at = catalog.now;
    catalog
        .apply(UpdateAccountSettings::EnableBillingCommitment)
        .unwrap();
    catalog.wait(HOUR);
    catalog
        .apply(UpdateAccountSettings::DisableBillingCommitment)
        .unwrap();
    assert_eq!(
        at(&catalog),
        CommitmentStatus::EnabledUntilEarliestAllowedEnd
    );
    catalog
        .apply(UpdateAccountSettings::EnableBillingCommitment)
        .unwrap();
    assert_eq!(at(&catalog), CommitmentStatus::Enabled);
    catalog
        .apply(UpdateAccountSettings::DisableBillingCommitment)
        .unwrap();
    catalog.wait(23 * HOUR);
    assert_eq!(at(&catalog), CommitmentStatus::Disabled);
    let ended = catalog
        .snapshot
        .account
        .billing_commitment
        .at(catalog.now)
        .ended_at();
    assert_eq!(
        ended,
        Some(started_at.plus(24 * HOUR)),
        "it ended by itself, not when somebody looked"
    );
    catalog
        .apply(UpdateAccountSettings::EnableBillingCommitment)
        .unwrap();
    catalog.wait(25 * HOUR);
    catalog
        .apply(UpdateAccountSettings::DisableBillingCommitment)
        .unwrap();
    assert_eq!(
        at(&catalog),
        CommitmentStatus::Disabled,
        "after the first day it ends at once"
    );
}
