//! Bytes on the wire that must not change: clients of every SDK read them.
//!
//! `GOLDEN=write cargo test -p anabranch-wire --test golden` writes the files anew, for a change that is meant.

use anabranch_wire::shapes::{
    ChildShard, GetRecordsOutput, HashKeyRange, PutRecordsOutput, PutRecordsResultEntry, Record,
    StreamDescriptionSummary, StreamModeDetails, SubscribeToShardEvent,
};
use anabranch_wire::{ApiError, Blob, Codec, ErrorKind, Text, Timestamp, encode};
use serde::Serialize;
use std::path::Path;

const NUMBER: &str = "49546986683135544286507457936321625675700192471156785154";

fn assert_golden<T: Serialize>(name: &str, answer: &T) {
    for (codec, extension) in [(Codec::Json, "json"), (Codec::Cbor, "cbor")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden")
            .join(format!("{name}.{extension}"));
        let bytes = encode(codec, answer);
        if std::env::var_os("GOLDEN").is_some_and(|mode| mode == "write") {
            std::fs::write(&path, &bytes).expect("the file can be written");
        }
        let golden =
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            bytes == golden,
            "{} differs: {}",
            path.display(),
            bytes.escape_ascii()
        );
    }
}

fn range(starting: &str, ending: &str) -> HashKeyRange {
    HashKeyRange {
        starting_hash_key: starting.into(),
        ending_hash_key: ending.into(),
    }
}

fn record() -> Record {
    Record {
        sequence_number: Text::from(NUMBER),
        approximate_arrival_timestamp: Some(Timestamp::from_millis(1_712_345_678_123)),
        data: Blob::from(&b"\x00\xffhello"[..]),
        partition_key: Some(Text::from("clé \"1\"\n")),
        encryption_type: None,
    }
}

#[test]
fn get_records_at_the_tip() {
    let answer = GetRecordsOutput {
        records: vec![
            record(),
            Record {
                partition_key: None,
                encryption_type: Some(Text::from_static("KMS")),
                ..record()
            },
        ],
        next_shard_iterator: Some("AAAAAAAAAAE=".into()),
        millis_behind_latest: Some(0),
        child_shards: None,
    };
    assert_golden("get_records", &answer);
}

#[test]
fn get_records_at_the_end_of_a_closed_shard() {
    let child = |id: &str, range: HashKeyRange| ChildShard {
        shard_id: id.into(),
        parent_shards: vec!["shardId-000000000000".into()],
        hash_key_range: range,
    };
    let answer = GetRecordsOutput {
        millis_behind_latest: Some(i64::MAX),
        child_shards: Some(vec![
            child(
                "shardId-000000000001",
                range("0", "170141183460469231731687303715884105727"),
            ),
            child(
                "shardId-000000000002",
                range(
                    "170141183460469231731687303715884105728",
                    "340282366920938463463374607431768211455",
                ),
            ),
        ]),
        ..GetRecordsOutput::default()
    };
    assert_golden("get_records_end_of_shard", &answer);
}

#[test]
fn put_records_with_a_refused_record() {
    let written = PutRecordsResultEntry {
        sequence_number: Some(Text::from(NUMBER)),
        shard_id: Some(Text::from_static("shardId-000000000000")),
        ..PutRecordsResultEntry::default()
    };
    let refused = PutRecordsResultEntry {
        error_code: Some(Text::from_static("ProvisionedThroughputExceededException")),
        error_message: Some(Text::from_static(
            "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.",
        )),
        ..PutRecordsResultEntry::default()
    };
    let answer = PutRecordsOutput {
        failed_record_count: Some(1),
        records: vec![written, refused],
        encryption_type: None,
    };
    assert_golden("put_records", &answer);
}

#[test]
fn a_stream_created_at_a_whole_second() {
    let answer = StreamDescriptionSummary {
        stream_name: "s".into(),
        stream_arn: "arn:aws:kinesis:us-east-1:000000000000:stream/s".into(),
        stream_status: "ACTIVE".into(),
        stream_mode_details: Some(StreamModeDetails {
            stream_mode: "PROVISIONED".into(),
        }),
        retention_period_hours: 24,
        stream_creation_timestamp: Timestamp::from_millis(1_420_000_000_000),
        open_shard_count: 300,
        ..StreamDescriptionSummary::default()
    };
    assert_golden("stream_description_summary", &answer);
}

#[test]
fn an_event_without_records() {
    let answer = SubscribeToShardEvent {
        continuation_sequence_number: Some(Text::from(NUMBER)),
        millis_behind_latest: 0,
        ..SubscribeToShardEvent::default()
    };
    assert_golden("subscribe_to_shard_event", &answer);
}

#[test]
fn errors() {
    assert_golden(
        "error",
        &ApiError::new(
            ErrorKind::ResourceInUseException,
            "Stream s under account 000000000000 already exists.",
        ),
    );
    assert_golden(
        "error_internal_failure",
        &ApiError::bare(ErrorKind::InternalFailure),
    );
}
