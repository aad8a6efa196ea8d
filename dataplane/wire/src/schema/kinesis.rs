//! The shapes of `kinesis/2013-12-02` that the operations offered here use, under AWS's names.
//!
//! Bounds are those of AWS's newest published model. Where the service was seen to answer otherwise than the model says,
//! the service wins and a comment says so.

use super::{Length, Pattern, Shape, Structured};
use crate::shapes::{
    ChildShard, Consumer, ConsumerDescription, EnhancedMetrics, HashKeyRange,
    MinimumThroughputBillingCommitmentInput, MinimumThroughputBillingCommitmentOutput,
    PutRecordsRequestEntry, PutRecordsResultEntry, Record, SequenceNumberRange, Shard, ShardFilter,
    StartingPosition, StreamDescription, StreamDescriptionSummary, StreamModeDetails,
    StreamSummary, Tag, WarmThroughputObject,
};

pub(crate) static CONSUMER_ARN: Shape = Shape::matching(
    Length::between(1, 2048),
    Pattern::new(
        r"^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+",
    ),
);
pub(crate) static CONSUMER_NAME: Shape =
    Shape::matching(Length::between(1, 128), Pattern::new(r"[a-zA-Z0-9_.-]+"));
pub(crate) static CONSUMER_STATUS: Shape = Shape::one_of(&["CREATING", "DELETING", "ACTIVE"]);
pub(crate) static ENCRYPTION_TYPE: Shape = Shape::one_of(&["NONE", "KMS"]);
pub(crate) static ERROR_CODE: Shape = Shape::TEXT;
pub(crate) static ERROR_MESSAGE: Shape = Shape::TEXT;
pub(crate) static HASH_KEY: Shape = Shape::matching(
    Length::ANY,
    Pattern::printed_as(r"^(0|([1-9]\d{0,38}))$", r"0|([1-9]\d{0,38})"),
);
pub(crate) static KEY_ID: Shape = Shape::text(1, 2048);
pub(crate) static METRICS_NAME: Shape = Shape::one_of(&[
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
    "ALL",
]);
pub(crate) static MINIMUM_THROUGHPUT_BILLING_COMMITMENT_INPUT_STATUS: Shape =
    Shape::one_of(&["ENABLED", "DISABLED"]);
pub(crate) static MINIMUM_THROUGHPUT_BILLING_COMMITMENT_OUTPUT_STATUS: Shape =
    Shape::one_of(&["ENABLED", "DISABLED", "ENABLED_UNTIL_EARLIEST_ALLOWED_END"]);
pub(crate) static NEXT_TOKEN: Shape = Shape::text(1, 1_048_576);
pub(crate) static PARTITION_KEY: Shape = Shape::text(1, 256);
pub(crate) static POLICY: Shape = Shape::TEXT;
pub(crate) static RECORD_DISTRIBUTION_STRATEGY: Shape =
    Shape::one_of(&["AUTO", "USER_PARTITION_KEY"]);
pub(crate) static RESOURCE_ARN: Shape = Shape::matching(
    Length::between(1, 2048),
    Pattern::new(r"arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+"),
);
pub(crate) static SCALING_TYPE: Shape = Shape::one_of(&["UNIFORM_SCALING"]);
pub(crate) static SEQUENCE_NUMBER: Shape = Shape::matching(
    Length::ANY,
    Pattern::printed_as(r"^(0|([1-9]\d{0,128}))$", r"0|([1-9]\d{0,128})"),
);
pub(crate) static SHARD_FILTER_TYPE: Shape = Shape::one_of(&[
    "AFTER_SHARD_ID",
    "AT_TRIM_HORIZON",
    "FROM_TRIM_HORIZON",
    "AT_LATEST",
    "AT_TIMESTAMP",
    "FROM_TIMESTAMP",
]);
pub(crate) static SHARD_ID: Shape =
    Shape::matching(Length::between(1, 128), Pattern::new(r"[a-zA-Z0-9_.-]+"));
pub(crate) static SHARD_ITERATOR: Shape = Shape::text(1, 512);
/// In the order recorded from AWS; the model has another.
pub(crate) static SHARD_ITERATOR_TYPE: Shape = Shape::one_of(&[
    "AFTER_SEQUENCE_NUMBER",
    "LATEST",
    "AT_TIMESTAMP",
    "AT_SEQUENCE_NUMBER",
    "TRIM_HORIZON",
]);
pub(crate) static STREAM_ARN: Shape = Shape::matching(
    Length::between(1, 2048),
    Pattern::new(r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+"),
);
pub(crate) static STREAM_ID: Shape = Shape::matching(
    Length::between(1, 24),
    Pattern::new(r"[a-z0-9]{20}-[a-z0-9]{3}"),
);
pub(crate) static STREAM_MODE: Shape = Shape::one_of(&["PROVISIONED", "ON_DEMAND"]);
pub(crate) static STREAM_NAME: Shape =
    Shape::matching(Length::between(1, 128), Pattern::new(r"[a-zA-Z0-9_.-]+"));
pub(crate) static STREAM_STATUS: Shape =
    Shape::one_of(&["CREATING", "DELETING", "ACTIVE", "UPDATING"]);
pub(crate) static TAG_KEY: Shape = Shape::text(1, 128);
pub(crate) static TAG_VALUE: Shape = Shape::text(0, 256);

pub(crate) static CHANNEL_COUNT_OBJECT: Shape = Shape::integer(0, 1_000_000);
pub(crate) static CONSUMER_COUNT_OBJECT: Shape = Shape::integer(0, 1_000_000);
/// The most is recorded from AWS; the model has none.
pub(crate) static CREATE_STREAM_SHARD_COUNT: Shape = Shape::integer(1, 100_000);
pub(crate) static DESCRIBE_STREAM_INPUT_LIMIT: Shape = Shape::integer(1, 10_000);
pub(crate) static GET_RECORDS_INPUT_LIMIT: Shape = Shape::integer(1, 10_000);
pub(crate) static LIST_SHARDS_INPUT_LIMIT: Shape = Shape::integer(1, 10_000);
pub(crate) static LIST_STREAM_CONSUMERS_INPUT_LIMIT: Shape = Shape::integer(1, 10_000);
pub(crate) static LIST_STREAMS_INPUT_LIMIT: Shape = Shape::integer(1, 10_000);
pub(crate) static LIST_TAGS_FOR_STREAM_INPUT_LIMIT: Shape = Shape::integer(1, 50);
pub(crate) static MAX_RECORD_SIZE_IN_KIB: Shape = Shape::integer(1024, 10_240);
pub(crate) static MILLIS_BEHIND_LATEST: Shape = Shape::long_from(0);
pub(crate) static NATURAL_INTEGER_OBJECT: Shape = Shape::integer_from(0);
pub(crate) static ON_DEMAND_STREAM_COUNT_LIMIT_OBJECT: Shape = Shape::integer(0, 1_000_000);
pub(crate) static ON_DEMAND_STREAM_COUNT_OBJECT: Shape = Shape::integer(0, 1_000_000);
pub(crate) static POSITIVE_INTEGER_OBJECT: Shape = Shape::integer_from(1);
pub(crate) static QUEUE_COUNT_OBJECT: Shape = Shape::integer(0, 1_000_000);
/// The model has no least; AWS refuses less than 1 in these words, and less than 24 in others.
pub(crate) static RETENTION_PERIOD_HOURS: Shape = Shape::integer_from(1);
pub(crate) static SHARD_COUNT_OBJECT: Shape = Shape::integer(0, 1_000_000);

pub(crate) static BOOLEAN_OBJECT: Shape = Shape::Boolean;
pub(crate) static DATA: Shape = Shape::Blob(Length::between(0, 10_485_760));
pub(crate) static TIMESTAMP: Shape = Shape::Timestamp;

pub(crate) static CHILD_SHARD_LIST: Shape = Shape::list(Length::ANY, &CHILD_SHARD);
pub(crate) static CONSUMER_LIST: Shape = Shape::list(Length::ANY, &CONSUMER);
pub(crate) static ENHANCED_MONITORING_LIST: Shape = Shape::list(Length::ANY, &ENHANCED_METRICS);
pub(crate) static METRICS_NAME_LIST: Shape = Shape::list(Length::between(1, 7), &METRICS_NAME);
pub(crate) static PUT_RECORDS_REQUEST_ENTRY_LIST: Shape =
    Shape::list(Length::between(1, 500), &PUT_RECORDS_REQUEST_ENTRY);
pub(crate) static PUT_RECORDS_RESULT_ENTRY_LIST: Shape =
    Shape::list(Length::between(1, 500), &PUT_RECORDS_RESULT_ENTRY);
pub(crate) static RECORD_LIST: Shape = Shape::list(Length::ANY, &RECORD);
pub(crate) static SHARD_ID_LIST: Shape = Shape::list(Length::ANY, &SHARD_ID);
pub(crate) static SHARD_LIST: Shape = Shape::list(Length::ANY, &SHARD);
pub(crate) static STREAM_NAME_LIST: Shape = Shape::list(Length::ANY, &STREAM_NAME);
pub(crate) static STREAM_SUMMARY_LIST: Shape = Shape::list(Length::ANY, &STREAM_SUMMARY);
pub(crate) static TAG_KEY_LIST: Shape = Shape::list(Length::between(1, 50), &TAG_KEY);
pub(crate) static TAG_LIST: Shape = Shape::list(Length::between(0, 200), &TAG);
pub(crate) static TAG_MAP: Shape = Shape::map(Length::between(1, 200), &TAG_KEY, &TAG_VALUE);

pub(crate) static CHILD_SHARD: Shape = Shape::Structure(ChildShard::structure);
pub(crate) static CONSUMER: Shape = Shape::Structure(Consumer::structure);
pub(crate) static CONSUMER_DESCRIPTION: Shape = Shape::Structure(ConsumerDescription::structure);
pub(crate) static ENHANCED_METRICS: Shape = Shape::Structure(EnhancedMetrics::structure);
pub(crate) static HASH_KEY_RANGE: Shape = Shape::Structure(HashKeyRange::structure);
pub(crate) static MINIMUM_THROUGHPUT_BILLING_COMMITMENT_INPUT: Shape =
    Shape::Structure(MinimumThroughputBillingCommitmentInput::structure);
pub(crate) static MINIMUM_THROUGHPUT_BILLING_COMMITMENT_OUTPUT: Shape =
    Shape::Structure(MinimumThroughputBillingCommitmentOutput::structure);
pub(crate) static PUT_RECORDS_REQUEST_ENTRY: Shape =
    Shape::Structure(PutRecordsRequestEntry::structure);
pub(crate) static PUT_RECORDS_RESULT_ENTRY: Shape =
    Shape::Structure(PutRecordsResultEntry::structure);
pub(crate) static RECORD: Shape = Shape::Structure(Record::structure);
pub(crate) static SEQUENCE_NUMBER_RANGE: Shape = Shape::Structure(SequenceNumberRange::structure);
pub(crate) static SHARD: Shape = Shape::Structure(Shard::structure);
pub(crate) static SHARD_FILTER: Shape = Shape::Structure(ShardFilter::structure);
pub(crate) static STARTING_POSITION: Shape = Shape::Structure(StartingPosition::structure);
pub(crate) static STREAM_DESCRIPTION: Shape = Shape::Structure(StreamDescription::structure);
pub(crate) static STREAM_DESCRIPTION_SUMMARY: Shape =
    Shape::Structure(StreamDescriptionSummary::structure);
pub(crate) static STREAM_MODE_DETAILS: Shape = Shape::Structure(StreamModeDetails::structure);
pub(crate) static STREAM_SUMMARY: Shape = Shape::Structure(StreamSummary::structure);
pub(crate) static TAG: Shape = Shape::Structure(Tag::structure);
pub(crate) static WARM_THROUGHPUT_OBJECT: Shape = Shape::Structure(WarmThroughputObject::structure);
