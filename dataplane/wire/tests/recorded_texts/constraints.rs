//! Members that break a constraint.

use crate::assert_violations;
use serde_json::{Value, json};

const NAME_PATTERN: &str = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
const HASH_KEY_PATTERN: &str = r"Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})";
const NUMBER_PATTERN: &str = r"Member must satisfy regular expression pattern: 0|([1-9]\d{0,128})";
const ITERATOR_TYPES: &str = "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]";

fn says(value: &str, path: &str, constraint: &str) -> String {
    let value = if value == "null" {
        value.to_owned()
    } else {
        format!("'{value}'")
    };
    format!("Value {value} at '{path}' failed to satisfy constraint: {constraint}")
}

fn missing(path: &str) -> String {
    says("null", path, "Member must not be null")
}

/// What an empty name, shard or the like breaks.
fn empty_name(path: &str) -> Vec<String> {
    vec![
        says("", path, NAME_PATTERN),
        says(
            "",
            path,
            "Member must have length greater than or equal to 1",
        ),
    ]
}

fn too_long(value: &str, path: &str, max: usize) -> String {
    says(
        value,
        path,
        &format!("Member must have length less than or equal to {max}"),
    )
}

fn too_short(value: &str, path: &str) -> String {
    says(
        value,
        path,
        "Member must have length greater than or equal to 1",
    )
}

fn too_large(value: &str, path: &str, max: u32) -> String {
    says(
        value,
        path,
        &format!("Member must have value less than or equal to {max}"),
    )
}

fn too_small(value: &str, path: &str) -> String {
    says(
        value,
        path,
        "Member must have value greater than or equal to 1",
    )
}

#[test]
fn each_missing_member_is_named() {
    let cases: [(&str, &[&str]); 16] = [
        ("AddTagsToStream", &["tags", "streamName"]),
        ("CreateStream", &["shardCount", "streamName"]),
        (
            "DecreaseStreamRetentionPeriod",
            &["retentionPeriodHours", "streamName"],
        ),
        ("DeleteStream", &["streamName"]),
        ("DescribeStream", &["streamName"]),
        ("DescribeStreamSummary", &["streamName"]),
        ("GetRecords", &["shardIterator"]),
        (
            "GetShardIterator",
            &["shardId", "shardIteratorType", "streamName"],
        ),
        (
            "IncreaseStreamRetentionPeriod",
            &["retentionPeriodHours", "streamName"],
        ),
        ("ListTagsForStream", &["streamName"]),
        (
            "MergeShards",
            &["shardToMerge", "adjacentShardToMerge", "streamName"],
        ),
        ("PutRecord", &["partitionKey", "data", "streamName"]),
        ("PutRecords", &["records", "streamName"]),
        ("RemoveTagsFromStream", &["tagKeys", "streamName"]),
        (
            "SplitShard",
            &["newStartingHashKey", "streamName", "shardToSplit"],
        ),
        ("UpdateMaxRecordSize", &["streamARN", "maxRecordSizeInKiB"]),
    ];
    for (action, members) in cases {
        let violations: Vec<_> = members.iter().map(|path| missing(path)).collect();
        assert_violations(action, &json!({}), &violations);
        let nulls_and_unknowns = json!({"StreamName": null, "Unknown": {"Member": [1]}});
        assert_violations(action, &nulls_and_unknowns, &violations);
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "one table")]
fn each_empty_member_is_named_with_all_that_it_breaks() {
    let cases: Vec<(&str, Value, Vec<Vec<String>>)> = vec![
        (
            "AddTagsToStream",
            json!({"StreamName": "", "Tags": {}}),
            vec![vec![too_short("{}", "tags")], empty_name("streamName")],
        ),
        (
            "CreateStream",
            json!({"StreamName": "", "ShardCount": 0}),
            vec![vec![too_small("0", "shardCount")], empty_name("streamName")],
        ),
        (
            "IncreaseStreamRetentionPeriod",
            json!({"StreamName": "", "RetentionPeriodHours": -1}),
            vec![
                vec![too_small("-1", "retentionPeriodHours")],
                empty_name("streamName"),
            ],
        ),
        (
            "DescribeStream",
            json!({"StreamName": "", "Limit": 0, "ExclusiveStartShardId": ""}),
            vec![
                vec![too_small("0", "limit")],
                empty_name("exclusiveStartShardId"),
                empty_name("streamName"),
            ],
        ),
        (
            "GetRecords",
            json!({"ShardIterator": "", "Limit": 0}),
            vec![vec![
                too_small("0", "limit"),
                too_short("", "shardIterator"),
            ]],
        ),
        (
            "GetShardIterator",
            json!({"StreamName": "", "ShardIteratorType": "", "ShardId": "", "StartingSequenceNumber": ""}),
            vec![
                empty_name("shardId"),
                vec![
                    says("", "shardIteratorType", ITERATOR_TYPES),
                    says("", "startingSequenceNumber", NUMBER_PATTERN),
                ],
                empty_name("streamName"),
            ],
        ),
        (
            "ListStreams",
            json!({"ExclusiveStartStreamName": "", "Limit": 0}),
            vec![
                vec![too_small("0", "limit")],
                empty_name("exclusiveStartStreamName"),
            ],
        ),
        (
            "ListTagsForStream",
            json!({"StreamName": "", "ExclusiveStartTagKey": "", "Limit": 0}),
            vec![
                vec![
                    too_small("0", "limit"),
                    too_short("", "exclusiveStartTagKey"),
                ],
                empty_name("streamName"),
            ],
        ),
        (
            "MergeShards",
            json!({"StreamName": "", "ShardToMerge": "", "AdjacentShardToMerge": ""}),
            vec![
                empty_name("shardToMerge"),
                empty_name("adjacentShardToMerge"),
                empty_name("streamName"),
            ],
        ),
        (
            "PutRecord",
            json!({"StreamName": "", "PartitionKey": "", "Data": "", "ExplicitHashKey": "", "SequenceNumberForOrdering": ""}),
            vec![
                vec![
                    says("", "sequenceNumberForOrdering", NUMBER_PATTERN),
                    too_short("", "partitionKey"),
                    says("", "explicitHashKey", HASH_KEY_PATTERN),
                ],
                empty_name("streamName"),
            ],
        ),
        (
            "PutRecords",
            json!({"StreamName": "", "Records": []}),
            vec![vec![too_short("[]", "records")], empty_name("streamName")],
        ),
        (
            "PutRecords",
            json!({"StreamName": "", "Records": [{"PartitionKey": "", "Data": "", "ExplicitHashKey": ""}]}),
            vec![
                vec![
                    too_short("", "records.1.member.partitionKey"),
                    says("", "records.1.member.explicitHashKey", HASH_KEY_PATTERN),
                ],
                empty_name("streamName"),
            ],
        ),
        (
            "RemoveTagsFromStream",
            json!({"StreamName": "", "TagKeys": []}),
            vec![vec![too_short("[]", "tagKeys")], empty_name("streamName")],
        ),
        (
            "SplitShard",
            json!({"StreamName": "", "ShardToSplit": "", "NewStartingHashKey": ""}),
            vec![
                vec![says("", "newStartingHashKey", HASH_KEY_PATTERN)],
                empty_name("streamName"),
                empty_name("shardToSplit"),
            ],
        ),
    ];
    for (action, request, violations) in cases {
        assert_violations(action, &request, &violations.concat());
    }
}

#[test]
fn each_member_that_is_too_long_or_too_large_is_named() {
    let name = "a".repeat(129);
    let key = "a".repeat(257);
    let long_name = |path: &str| too_long(&name, path, 128);
    let cases: Vec<(&str, Value, Vec<String>)> = vec![
        (
            "AddTagsToStream",
            json!({"StreamName": name, "Tags": {"a;b": "b"}}),
            vec![long_name("streamName")],
        ),
        (
            "CreateStream",
            json!({"StreamName": name, "ShardCount": 100_000_000_000_u64}),
            vec![
                too_large("2147483647", "shardCount", 100_000),
                long_name("streamName"),
            ],
        ),
        (
            "DescribeStream",
            json!({"StreamName": name, "Limit": 100_000, "ExclusiveStartShardId": name}),
            vec![
                too_large("100000", "limit", 10_000),
                long_name("exclusiveStartShardId"),
                long_name("streamName"),
            ],
        ),
        (
            "GetRecords",
            json!({"ShardIterator": "a".repeat(513), "Limit": 100_000}),
            vec![
                too_large("100000", "limit", 10_000),
                too_long(&"a".repeat(513), "shardIterator", 512),
            ],
        ),
        (
            "GetShardIterator",
            json!({"StreamName": name, "ShardId": name, "ShardIteratorType": "LATEST"}),
            vec![long_name("shardId"), long_name("streamName")],
        ),
        (
            "ListShards",
            json!({"StreamName": name, "MaxResults": 100_000, "ExclusiveStartShardId": name}),
            vec![
                long_name("exclusiveStartShardId"),
                too_large("100000", "maxResults", 10_000),
                long_name("streamName"),
            ],
        ),
        (
            "ListTagsForStream",
            json!({"StreamName": name, "ExclusiveStartTagKey": name, "Limit": 100}),
            vec![
                too_large("100", "limit", 50),
                long_name("exclusiveStartTagKey"),
                long_name("streamName"),
            ],
        ),
        (
            "PutRecord",
            json!({"StreamName": name, "PartitionKey": key, "Data": "", "ExplicitHashKey": ""}),
            vec![
                too_long(&key, "partitionKey", 256),
                says("", "explicitHashKey", HASH_KEY_PATTERN),
                long_name("streamName"),
            ],
        ),
        (
            "SplitShard",
            json!({"StreamName": name, "ShardToSplit": name, "NewStartingHashKey": "0"}),
            vec![long_name("streamName"), long_name("shardToSplit")],
        ),
    ];
    for (action, request, violations) in cases {
        assert_violations(action, &request, &violations);
    }
}

#[test]
fn children_of_lists_and_maps_are_refused_as_a_whole() {
    let key = "a".repeat(129);
    let value = "a".repeat(257);
    let lengths = |min: usize, max: usize| {
        format!(
            "[Member must have length less than or equal to {max}, Member must have length greater than or equal to {min}]"
        )
    };
    let cases: Vec<(&str, Value, String)> = vec![
        (
            "RemoveTagsFromStream",
            json!({"StreamName": "s", "TagKeys": ["a", key, "b"]}),
            says(
                &format!("[a, {key}, b]"),
                "tagKeys",
                &format!("Member must satisfy constraint: {}", lengths(1, 128)),
            ),
        ),
        (
            "AddTagsToStream",
            json!({"StreamName": "s", "Tags": {"a": "1", &key: "3"}}),
            says(
                &format!("{{a=1, {key}=3}}"),
                "tags",
                &format!("Map keys must satisfy constraint: {}", lengths(1, 128)),
            ),
        ),
        (
            "AddTagsToStream",
            json!({"StreamName": "s", "Tags": {"a": "1", "c": value}}),
            says(
                &format!("{{a=1, c={value}}}"),
                "tags",
                &format!("Map value must satisfy constraint: {}", lengths(0, 256)),
            ),
        ),
        (
            "EnableEnhancedMonitoring",
            json!({"StreamName": "s", "ShardLevelMetrics": ["ALL", "No"]}),
            says(
                "[ALL, No]",
                "shardLevelMetrics",
                "Member must satisfy constraint: [Member must satisfy enum value set: [IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, WriteProvisionedThroughputExceeded, ReadProvisionedThroughputExceeded, IteratorAgeMilliseconds, ALL]]",
            ),
        ),
    ];
    for (action, request, violation) in cases {
        assert_violations(action, &request, &[violation]);
    }
}

#[test]
fn data_is_never_printed() {
    let data = base64_simd::STANDARD.encode_to_string(vec![0; 10_485_761]);
    let too_long = |path: &str, max: usize| {
        format!(
            "Value at '{path}' failed to satisfy constraint: Member must have length less than or equal to {max}"
        )
    };
    assert_violations(
        "PutRecord",
        &json!({"StreamName": "s", "PartitionKey": "k", "Data": data}),
        &[too_long("data", 10_485_760)],
    );
    assert_violations(
        "PutRecords",
        &json!({"StreamName": "s", "Records": [{"PartitionKey": "k", "Data": data}]}),
        &[too_long("records.1.member.data", 10_485_760)],
    );
    let records = vec![json!({"PartitionKey": "k", "Data": ""}); 501];
    assert_violations(
        "PutRecords",
        &json!({"StreamName": "s", "Records": records}),
        &[too_long("records", 500)],
    );
}

#[test]
fn no_more_than_ten_violations_are_reported() {
    let records = vec![json!({"PartitionKey": "", "Data": ""}); 501];
    let mut violations = vec!["Value at 'records' failed to satisfy constraint: Member must have length less than or equal to 500".to_owned()];
    violations.extend(
        (1..=9).map(|number| too_short("", &format!("records.{number}.member.partitionKey"))),
    );
    assert_violations(
        "PutRecords",
        &json!({"StreamName": "", "Records": records}),
        &violations,
    );
}

#[test]
fn nested_members_and_null_children_are_named_by_their_path() {
    assert_violations(
        "CreateStream",
        &json!({"StreamName": "s", "StreamModeDetails": {"StreamMode": "SOMETIMES"}}),
        &[says(
            "SOMETIMES",
            "streamModeDetails.streamMode",
            "Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]",
        )],
    );
    assert_violations(
        "PutRecords",
        &json!({"StreamName": "s", "Records": [null]}),
        &[missing("records.1.member")],
    );
    assert_violations(
        "AddTagsToStream",
        &json!({"StreamName": "s", "Tags": {"a": null}}),
        &[missing("tags.a.member")],
    );
}

#[test]
fn a_stream_may_be_named_by_its_arn_alone() {
    let request =
        json!({"StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}).to_string();
    let decoded = anabranch_wire::decode(
        anabranch_wire::Action::DescribeStream,
        anabranch_wire::Codec::Json,
        &request.into(),
    );
    assert_eq!(
        decoded.expect("valid").stream_arn(),
        Some("arn:aws:kinesis:us-east-1:000000000000:stream/s")
    );
}
