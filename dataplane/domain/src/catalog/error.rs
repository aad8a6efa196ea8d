//! Every way to refuse a change, each with the facts that AWS's answer needs. The words are the node's.

use thiserror::Error;

use super::{IllegalTag, ReshardId, StreamStatus};
use crate::lineage::TilingBroken;
use crate::{ConsumerName, HashKey, ShardId, StreamName};

/// Why a change was not applied. The snapshot is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum ChangeError {
    #[error("stream {stream} exists")]
    StreamExists { stream: StreamName },
    #[error("stream {stream} does not exist")]
    StreamNotFound { stream: StreamName },
    #[error("stream {stream} is {}, not ACTIVE", status.as_str())]
    StreamNotActive {
        stream: StreamName,
        status: StreamStatus,
    },
    #[error("stream {stream} is {}, not DELETING", status.as_str())]
    StreamNotDeleting {
        stream: StreamName,
        status: StreamStatus,
    },
    #[error("stream {stream} has {consumer_count} consumers")]
    StreamHasConsumers {
        stream: StreamName,
        consumer_count: u32,
    },
    #[error("stream {stream} is in on-demand mode")]
    StreamIsOnDemand { stream: StreamName },
    #[error("stream {stream} is in provisioned mode")]
    StreamIsProvisioned { stream: StreamName },
    #[error("a provisioned stream needs a shard count")]
    ShardCountRequired,
    #[error("{creating} streams are being created, of at most {limit}")]
    TooManyCreatingStreams { creating: u32, limit: u32 },
    #[error("{count} on-demand streams, of at most {limit}")]
    TooManyOnDemandStreams { count: u32, limit: u32 },
    #[error("{open} shards are open, of at most {limit}; {additional} more were asked for")]
    ShardLimit {
        open: u64,
        limit: u32,
        additional: u32,
    },

    #[error("a retention of {requested} h is shorter than {min} h")]
    RetentionTooShort { requested: u32, min: u32 },
    #[error("a retention of {requested} h is longer than {max} h")]
    RetentionTooLong { requested: u32, max: u32 },
    #[error("a retention of {requested} h is shorter than the {existing} h of stream {stream}")]
    RetentionBelowExisting {
        stream: StreamName,
        requested: u32,
        existing: u32,
    },
    #[error("a retention of {requested} h is longer than the {existing} h of stream {stream}")]
    RetentionAboveExisting {
        stream: StreamName,
        requested: u32,
        existing: u32,
    },

    #[error(transparent)]
    IllegalTag(#[from] IllegalTag),
    #[error("more than {limit} tags")]
    TooManyTags { limit: usize },
    #[error("no resource policy")]
    PolicyNotFound,

    #[error("{uses} key changes in 24 h, of at most {limit}")]
    TooManyEncryptionChanges { uses: u32, limit: u32 },
    #[error("{uses} mode switches in 24 h, of at most {limit}")]
    TooManyModeSwitches { uses: u32, limit: u32 },
    #[error("warm throughput needs the account's minimum throughput billing commitment")]
    WarmThroughputNeedsCommitment,
    #[error("a warm throughput of {requested} MiB/s is above {limit} MiB/s")]
    WarmThroughputTooHigh { requested: u32, limit: u32 },
    #[error("a maximum record size of {requested} KiB is not from {min} to {max} KiB")]
    RecordSizeOutOfRange { requested: u32, min: u32, max: u32 },

    #[error("consumer {consumer} of stream {stream} exists")]
    ConsumerExists {
        stream: StreamName,
        consumer: ConsumerName,
    },
    #[error("consumer {consumer} of stream {stream} does not exist")]
    ConsumerNotFound {
        stream: StreamName,
        consumer: ConsumerName,
    },
    #[error("consumer {consumer} of stream {stream} is being deleted")]
    ConsumerDeleting {
        stream: StreamName,
        consumer: ConsumerName,
    },
    #[error("{count} consumers, of at most {limit}")]
    TooManyConsumers { count: u32, limit: u32 },
    #[error("{creating} consumers are being registered, of at most {limit}")]
    TooManyCreatingConsumers { creating: u32, limit: u32 },

    #[error("stream {stream} has no shard {shard}")]
    ShardNotFound { stream: StreamName, shard: ShardId },
    #[error("shard {shard} of stream {stream} was merged or split before")]
    ShardNotOpen { stream: StreamName, shard: ShardId },
    #[error(
        "hash key {key} does not cut shard {shard} of stream {stream} ({start} to {end}) in two"
    )]
    SplitOutOfRange {
        stream: StreamName,
        shard: ShardId,
        key: HashKey,
        start: HashKey,
        end: HashKey,
    },
    #[error("shards {first} and {second} of stream {stream} are not neighbours")]
    NotAdjacent {
        stream: StreamName,
        first: ShardId,
        second: ShardId,
    },
    #[error("{target} shards are more than {limit}, the most that {current} may be scaled to")]
    TargetTooHigh {
        current: u32,
        target: u32,
        limit: u32,
    },
    #[error("{target} shards are fewer than {limit}, the fewest that {current} may be scaled to")]
    TargetTooLow {
        current: u32,
        target: u32,
        limit: u32,
    },
    #[error("{target} shards are more than the {limit} of one stream")]
    TargetAboveStreamLimit { target: u32, limit: u32 },
    #[error("{uses} updates of the shard count in 24 h, of at most {limit}")]
    TooManyShardCountUpdates { uses: u32, limit: u32 },
    #[error("stream {stream} has no more shard ids")]
    ShardIdsExhausted { stream: StreamName },

    #[error("no shard of stream {stream} can begin, or begin no more, at hash key {key}")]
    WrongBoundary { stream: StreamName, key: HashKey },
    #[error("{count} boundaries at once, of at most {limit}")]
    TooManyBoundaries { count: usize, limit: usize },
    #[error("stream {stream} was resharded since: planned on epoch {planned}, now {current}")]
    PlanOvertaken {
        stream: StreamName,
        planned: u64,
        current: u64,
    },
    #[error("stream {stream} has no reshard {reshard} under way")]
    ReshardNotRunning {
        stream: StreamName,
        reshard: ReshardId,
    },
    #[error("no operation of epoch {epoch} is under way in reshard {reshard} of stream {stream}")]
    StaleOperation {
        stream: StreamName,
        reshard: ReshardId,
        epoch: u64,
    },
    #[error("shard {shard} of stream {stream} still takes records")]
    ShardStillOpen { stream: StreamName, shard: ShardId },
    #[error("{given} identities were given for {needed} shards")]
    WrongIdentityCount { given: usize, needed: usize },
    #[error("the change is of another life of stream {stream}")]
    StreamReplaced { stream: StreamName },
    #[error(transparent)]
    TilingBroken(#[from] TilingBroken),
}
