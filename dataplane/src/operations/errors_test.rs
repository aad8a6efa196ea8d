//! The sentences that were recorded against AWS, to the letter.

use anabranch_domain::catalog::StreamStatus;
use anabranch_domain::{HashKey, ShardId};

use super::*;

fn account() -> Account {
    Account::new(
        "000000000000".parse().expect("an id"),
        "us-east-1".parse().expect("a region"),
    )
}

fn said(refusal: &ChangeError) -> (ErrorKind, String) {
    let account = account();
    let error = of_change(
        refusal,
        Asked {
            account: &account,
            resource: "s",
        },
    );
    (error.kind, error.message.unwrap_or_default())
}

fn shard(index: u32) -> ShardId {
    ShardId::new(index).expect("small")
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table reads best in one piece")]
fn recorded_sentences_are_said_to_the_letter() {
    use ErrorKind::{
        InvalidArgumentException as Invalid, LimitExceededException as Limit,
        ResourceInUseException as InUse, ResourceNotFoundException as NotFound,
        ValidationException as Validation,
    };
    let stream = || "s".parse().expect("a name");
    for (refusal, kind, sentence) in [
        (
            ChangeError::StreamExists { stream: stream() },
            InUse,
            "Stream s under account 000000000000 already exists.",
        ),
        (
            ChangeError::StreamNotFound { stream: stream() },
            NotFound,
            "Stream s under account 000000000000 not found.",
        ),
        (
            ChangeError::StreamNotActive {
                stream: stream(),
                status: StreamStatus::Updating,
            },
            InUse,
            "Stream s under account 000000000000 not ACTIVE, instead in state UPDATING",
        ),
        (
            ChangeError::StreamIsOnDemand { stream: stream() },
            Validation,
            "Request is invalid. Stream s under account 000000000000 is in On-Demand mode.",
        ),
        (
            ChangeError::ShardLimit {
                open: 3,
                limit: 10,
                additional: 1000,
            },
            Limit,
            "This request would exceed the shard limit for the account 000000000000 in us-east-1. Current shard count for \
             the account: 3. Limit: 10. Number of additional shards that would have resulted from this request: 1000. Refer \
             to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for \
             current limits and how to request higher limits.",
        ),
        (
            ChangeError::RetentionTooShort {
                requested: 23,
                min: 24,
            },
            Invalid,
            "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.",
        ),
        (
            ChangeError::RetentionTooLong {
                requested: 9999,
                max: 8760,
            },
            Invalid,
            "Maximum allowed retention period is 8760 hours. Requested retention period (9999 hours) is too long.",
        ),
        (
            ChangeError::RetentionBelowExisting {
                stream: stream(),
                requested: 25,
                existing: 30,
            },
            Invalid,
            "Requested retention period (25 hours) for stream s can not be shorter than existing retention period (30 \
             hours). Use DecreaseRetentionPeriod API.",
        ),
        (
            ChangeError::TooManyTags { limit: 50 },
            Invalid,
            "Failed to add tags to stream s under account 000000000000 because a given stream cannot have more than 10 tags \
             associated with it.",
        ),
        (
            ChangeError::PolicyNotFound,
            NotFound,
            "No resource policy found for resource ARN s.",
        ),
        (
            ChangeError::ShardNotFound {
                stream: stream(),
                shard: shard(5),
            },
            NotFound,
            "Could not find shard shardId-000000000005 in stream s under account 000000000000.",
        ),
        (
            ChangeError::ShardNotOpen {
                stream: stream(),
                shard: shard(1),
            },
            Invalid,
            "Shard shardId-000000000001 in stream s under account 000000000000 has already been merged or split, and thus \
             is not eligible for merging or splitting.",
        ),
        (
            ChangeError::SplitOutOfRange {
                stream: stream(),
                shard: shard(0),
                key: HashKey::new(1),
                start: HashKey::new(0),
                end: HashKey::new(9),
            },
            Invalid,
            "NewStartingHashKey 1 used in SplitShard() on shard shardId-000000000000 in stream s under account 000000000000 \
             is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey 9.",
        ),
        (
            ChangeError::NotAdjacent {
                stream: stream(),
                first: shard(1),
                second: shard(0),
            },
            Invalid,
            "Shards shardId-000000000001 and shardId-000000000000 in stream s under account 000000000000 are not an \
             adjacent pair of shards eligible for merging",
        ),
        (
            ChangeError::TargetTooHigh {
                current: 1,
                target: 4,
                limit: 2,
            },
            Limit,
            "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 1 Target \
             shard count: 4",
        ),
    ] {
        assert_eq!(said(&refusal), (kind, sentence.to_owned()));
    }
}

#[test]
fn what_only_our_executors_meet_tells_a_caller_nothing() {
    let refusal = ChangeError::WrongIdentityCount {
        given: 1,
        needed: 2,
    };
    assert_eq!(said(&refusal), (ErrorKind::InternalFailure, String::new()));
}
