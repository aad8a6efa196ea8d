//! Members of the wrong type.

use crate::assert_wrong_type;
use serde_json::{Value, json};

const BIG_NUMBER: &str = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber";
const LIST: &str = "Start of list found where not expected";
const MAP: &str = "Start of structure or map found where not expected.";

/// What each type refuses, and how.
fn refused(kind: &str) -> Vec<(Value, String)> {
    let numbers = [
        json!(23),
        json!(-2_147_483_648_i64),
        json!(2_147_483_648_i64),
        json!(34.56),
    ];
    let each_number = |text: String| {
        numbers
            .iter()
            .cloned()
            .map(move |number| (number, text.clone()))
    };
    let to = |class: &str, target: &str| format!("class {class} can not be converted to {target}");
    let mut cases = Vec::new();
    match kind {
        "Boolean" => {
            cases.push((
                json!("23"),
                "'23' can not be converted to an Boolean".into(),
            ));
            cases.push((
                json!("hello"),
                "'HELLO' can not be converted to an Boolean".into(),
            ));
            cases.extend(
                each_number(format!("{BIG_NUMBER} can not be converted to an Boolean")).take(3),
            );
        }
        "String" => {
            cases.push((json!(true), to("java.lang.Boolean", "an String")));
            cases.extend(each_number(format!(
                "{BIG_NUMBER} can not be converted to an String"
            )));
        }
        "Integer" | "Long" => {
            cases.push((json!("23"), to("java.lang.String", &format!("an {kind}"))));
            cases.push((json!(true), to("java.lang.Boolean", &format!("an {kind}"))));
        }
        "Timestamp" => {
            cases.push((
                json!("23"),
                to("java.lang.String", "milliseconds since epoch"),
            ));
            cases.push((
                json!(true),
                to("java.lang.Boolean", "milliseconds since epoch"),
            ));
        }
        "Blob" => {
            cases.push((json!(true), to("java.lang.Boolean", "a Blob")));
            cases.extend(each_number(format!(
                "{BIG_NUMBER} can not be converted to a Blob"
            )));
            for (text, reason) in [
                (
                    "23456",
                    "Base64 encoded length is expected a multiple of 4 bytes but found: 5",
                ),
                ("=+/=", "Invalid Base64 character: '='"),
                ("+/+=", "Invalid last non-pad Base64 character dectected"),
            ] {
                cases.push((
                    json!(text),
                    format!("'{text}' can not be converted to a Blob: {reason}"),
                ));
            }
        }
        "List" | "Map" => {
            let text = format!("Expected {} or null", kind.to_lowercase());
            cases.extend([json!("23"), json!(true)].map(|value| (value, text.clone())));
            cases.extend(each_number(text));
        }
        "Structure" => {
            cases.extend(
                [json!("23"), json!(true)].map(|value| (value, "Expected null".to_owned())),
            );
            cases.extend(each_number("Expected null".to_owned()));
        }
        other => panic!("no such type: {other}"),
    }
    if kind != "List" {
        cases.push((json!([]), LIST.into()));
    }
    if !matches!(kind, "Map" | "Structure") {
        cases.push((json!({}), MAP.into()));
    }
    cases
}

/// A request with `value` at `path`; a step `0` is the first element of a list.
fn nested(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, step| match step {
        "0" => json!([inner]),
        name => json!({ name: inner }),
    })
}

#[test]
fn a_member_of_the_wrong_type_is_refused_in_the_recorded_words() {
    let members = [
        ("AddTagsToStream", "Tags", "Map"),
        ("AddTagsToStream", "Tags.a", "String"),
        ("AddTagsToStream", "StreamName", "String"),
        ("CreateStream", "StreamName", "String"),
        ("CreateStream", "ShardCount", "Integer"),
        ("CreateStream", "StreamModeDetails", "Structure"),
        (
            "DecreaseStreamRetentionPeriod",
            "RetentionPeriodHours",
            "Integer",
        ),
        ("DeleteStream", "EnforceConsumerDeletion", "Boolean"),
        ("DescribeStream", "Limit", "Integer"),
        ("DescribeStream", "ExclusiveStartShardId", "String"),
        ("DescribeStreamSummary", "StreamName", "String"),
        ("GetRecords", "Limit", "Integer"),
        ("GetRecords", "ShardIterator", "String"),
        ("GetShardIterator", "ShardId", "String"),
        ("GetShardIterator", "ShardIteratorType", "String"),
        ("GetShardIterator", "StartingSequenceNumber", "String"),
        ("GetShardIterator", "Timestamp", "Timestamp"),
        ("ListShards", "NextToken", "String"),
        ("ListShards", "StreamCreationTimestamp", "Timestamp"),
        ("ListStreams", "ExclusiveStartStreamName", "String"),
        ("ListTagsForStream", "ExclusiveStartTagKey", "String"),
        ("MergeShards", "AdjacentShardToMerge", "String"),
        ("PutRecord", "Data", "Blob"),
        ("PutRecord", "ExplicitHashKey", "String"),
        ("PutRecord", "PartitionKey", "String"),
        ("PutRecord", "SequenceNumberForOrdering", "String"),
        ("PutRecords", "Records", "List"),
        ("PutRecords", "Records.0", "Structure"),
        ("PutRecords", "Records.0.Data", "Blob"),
        ("PutRecords", "Records.0.ExplicitHashKey", "String"),
        ("PutRecords", "Records.0.PartitionKey", "String"),
        ("RemoveTagsFromStream", "TagKeys", "List"),
        ("RemoveTagsFromStream", "TagKeys.0", "String"),
        ("SplitShard", "NewStartingHashKey", "String"),
    ];
    for (action, path, kind) in members {
        for (value, text) in refused(kind) {
            assert_wrong_type(action, &nested(path, value), &text);
        }
    }
}

#[test]
fn a_type_is_refused_before_any_constraint() {
    assert_wrong_type(
        "CreateStream",
        &json!({"StreamName": "", "ShardCount": "1"}),
        "class java.lang.String can not be converted to an Integer",
    );
}
