//! What of `ListShards` is checked before a stream is looked for.

use anabranch_domain::ShardId;

use super::*;

fn named() -> ListShardsInput {
    ListShardsInput {
        stream_name: Some("orders".to_owned()),
        ..ListShardsInput::default()
    }
}

fn filtered(kind: &str, shard_id: Option<&str>, millis: Option<i64>) -> ListShardsInput {
    let filter = FilterInput {
        kind: kind.to_owned(),
        shard_id: shard_id.map(str::to_owned),
        timestamp: millis.map(WireTimestamp::from_millis),
    };
    ListShardsInput {
        shard_filter: Some(filter),
        ..named()
    }
}

fn refusal(input: &ListShardsInput) -> String {
    validate(input)
        .expect_err("refused")
        .message
        .expect("a message")
}

#[test]
fn a_stream_or_a_token_must_be_given_and_not_both() {
    let none = ListShardsInput::default();
    assert_eq!(
        refusal(&none),
        "Either NextToken or StreamName should be provided."
    );
    let both = ListShardsInput {
        next_token: Some("x".to_owned()),
        ..named()
    };
    assert_eq!(
        refusal(&both),
        "NextToken and StreamName cannot be provided together."
    );
    let with_start = ListShardsInput {
        next_token: Some("x".to_owned()),
        exclusive_start_shard_id: Some("shardId-0".to_owned()),
        ..ListShardsInput::default()
    };
    assert_eq!(
        refusal(&with_start),
        "NextToken and ExclusiveStartShardId cannot be provided together."
    );
}

#[test]
fn every_filter_is_read_with_the_member_that_it_needs() {
    let shard = ShardId::new(3).expect("small");
    let time = Timestamp::from_millis(1_500);
    for (input, expected) in [
        (named(), ShardFilter::FromTrimHorizon),
        (
            filtered("FROM_TRIM_HORIZON", None, None),
            ShardFilter::FromTrimHorizon,
        ),
        (
            filtered("AT_TRIM_HORIZON", None, None),
            ShardFilter::AtTrimHorizon,
        ),
        (filtered("AT_LATEST", None, None), ShardFilter::AtLatest),
        (
            filtered("AFTER_SHARD_ID", Some("shardId-000000000003"), None),
            ShardFilter::AfterShardId(shard),
        ),
        (
            filtered("AT_TIMESTAMP", None, Some(1_500)),
            ShardFilter::AtTimestamp(time),
        ),
        (
            filtered("FROM_TIMESTAMP", None, Some(1_500)),
            ShardFilter::FromTimestamp(time),
        ),
    ] {
        assert_eq!(validate(&input), Ok((expected, None)));
    }
    assert_eq!(
        refusal(&filtered("AFTER_SHARD_ID", None, None)),
        "ShardId must be specified when ShardFilter type is AFTER_SHARD_ID."
    );
    assert_eq!(
        refusal(&filtered("AT_TIMESTAMP", None, None)),
        "Timestamp must be specified when ShardFilter type is AT_TIMESTAMP."
    );
}
