//! Names and ARNs against a catalog with one stream and one consumer, by tables.

use anabranch_domain::catalog::{
    Account, Change, CreateStream, RegisterConsumer, StreamBecameActive, StreamMode, Tags,
};
use anabranch_domain::quota::Limits;
use anabranch_domain::{ShardUid, StreamUid, Timestamp};

use super::*;

const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_500);

fn apply(snapshot: &Snapshot, change: impl Into<Change>) -> Snapshot {
    snapshot.apply(&change.into(), NOW).expect("accepted").0
}

fn catalog() -> Snapshot {
    let account = Account::new(
        "000000000000".parse().expect("an id"),
        "us-east-1".parse().expect("a region"),
    );
    let create = CreateStream {
        name: "orders".parse().expect("a name"),
        uid: StreamUid::from_bits(1),
        mode: StreamMode::Provisioned,
        shard_uids: vec![ShardUid::from_bits(1)],
        tags: Tags::new(),
        max_record_size_kib: None,
        warm_throughput_mibps: None,
        record_distribution: None,
    };
    let active = StreamBecameActive {
        name: create.name.clone(),
        uid: create.uid,
    };
    let consumer = RegisterConsumer {
        stream: create.name.clone(),
        consumer: "app".parse().expect("a name"),
        tags: Tags::new(),
    };
    let empty = Snapshot::new(account, Limits::aws());
    apply(&apply(&apply(&empty, create), active), consumer)
}

/// The found stream's name, or what the caller is told.
fn found(name: Option<&str>, arn: Option<&str>) -> Result<String, String> {
    let stream = stream(&catalog(), StreamAddress { name, arn });
    stream
        .map(|stream| stream.name.to_string())
        .map_err(|error| error.message.unwrap_or_default())
}

#[test]
fn a_stream_is_named_by_its_name_its_arn_or_both() {
    for (name, arn) in [
        (Some("orders"), None),
        (None, Some(ARN)),
        (Some("orders"), Some(ARN)),
    ] {
        assert_eq!(found(name, arn), Ok("orders".to_owned()));
    }
}

#[test]
fn what_names_no_stream_of_ours_is_not_found_or_refused() {
    let other_account = "arn:aws:kinesis:us-east-1:111111111111:stream/orders";
    let other_region = "arn:aws:kinesis:eu-west-1:000000000000:stream/orders";
    for (name, arn, told) in [
        (
            Some("clicks"),
            None,
            "Stream clicks under account 000000000000 not found.",
        ),
        (
            None,
            Some("arn:aws:kinesis:us-east-1:000000000000:stream/x"),
            "Stream x under account 000000000000 not found.",
        ),
        (
            None,
            Some(other_account),
            "Stream orders under account 111111111111 not found.",
        ),
        (
            None,
            Some(other_region),
            "Stream orders under account 000000000000 not found.",
        ),
        (
            Some("clicks"),
            Some(ARN),
            "clicks does not match arn:aws:kinesis:us-east-1:000000000000:stream/orders.",
        ),
        (
            None,
            None,
            "Either StreamName or StreamARN should be provided.",
        ),
    ] {
        assert_eq!(found(name, arn), Err(told.to_owned()));
    }
}

#[test]
fn a_consumer_is_named_by_its_arn_or_by_its_stream_and_name() {
    let catalog = catalog();
    let arn = format!("{ARN}/consumer/app:1700000000");
    let found = |stream_arn, name, arn| {
        consumer(
            &catalog,
            ConsumerAddress {
                stream_arn,
                name,
                arn,
            },
        )
        .is_ok()
    };
    assert!(found(None, None, Some(arn.as_str())));
    assert!(found(Some(ARN), Some("app"), None));
    assert!(found(Some(ARN), Some("app"), Some(arn.as_str())));
    assert!(!found(Some(ARN), Some("other"), Some(arn.as_str())));
    assert!(!found(
        Some("arn:aws:kinesis:us-east-1:000000000000:stream/order"),
        None,
        Some(arn.as_str())
    ));
    assert!(!found(None, Some("app"), None));
}

#[test]
fn an_earlier_registration_of_the_same_name_is_not_found() {
    let earlier = format!("{ARN}/consumer/app:1600000000");
    let refusal = consumer_of_arn(&catalog(), &earlier).expect_err("gone");
    assert_eq!(
        refusal.message,
        Some(format!(
            "Consumer {earlier}, account 000000000000 not found."
        ))
    );
}

#[test]
fn a_resource_that_is_not_there_is_named_as_it_was_asked_for() {
    let unknown = format!("{ARN}x");
    let refusal = resource(&catalog(), &unknown).expect_err("unknown");
    assert_eq!(
        refusal.message,
        Some(format!(
            "Stream {unknown} under account 000000000000 not found."
        ))
    );
}
