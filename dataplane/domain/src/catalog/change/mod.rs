//! Every way in which the catalog changes: one variant for each control-plane action of the API, and one for each step that
//! follows from one. A change carries what it needs, identities included, so that applying it is a function.

mod capacity;
mod consumers;
mod create_stream;
mod delete_stream;
mod encryption;
mod merge_shards;
mod monitoring;
mod recut_stream;
mod reshard_operations;
mod resource_policy;
mod retention;
mod shard_expired;
mod split_shard;
mod tagging;
mod update_account_settings;
mod update_shard_count;

pub use capacity::{
    UpdateMaxRecordSize, UpdateStreamMode, UpdateStreamRecordDistribution,
    UpdateStreamWarmThroughput,
};
pub use consumers::{ConsumerBecameActive, ConsumerGone, DeregisterConsumer, RegisterConsumer};
pub use create_stream::{CreateStream, StreamBecameActive};
pub use delete_stream::{DeleteStream, StreamGone};
pub use encryption::{StartStreamEncryption, StopStreamEncryption};
pub use merge_shards::MergeShards;
pub use monitoring::{DisableEnhancedMonitoring, EnableEnhancedMonitoring};
pub use recut_stream::RecutStream;
pub use reshard_operations::{BeginOperations, FinishOperations, FinishedOperation, NewOperation};
pub use resource_policy::{DeleteResourcePolicy, PutResourcePolicy};
pub use retention::{DecreaseRetention, IncreaseRetention};
pub use shard_expired::ShardExpired;
pub use split_shard::SplitShard;
pub use tagging::{AddTags, RemoveTags};
pub use update_account_settings::UpdateAccountSettings;
pub use update_shard_count::{ScaleStream, UpdateShardCount};

use super::draft::Draft;
use super::{ChangeError, Reshard, ReshardKind, ReshardStatus, Stream, StreamStatus};
use crate::{ConsumerName, StreamName, Timestamp};

/// A stream, or one of its consumers: what tags and policies are put on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A stream.
    Stream(StreamName),
    /// A consumer of a stream.
    Consumer {
        /// The stream.
        stream: StreamName,
        /// The consumer.
        consumer: ConsumerName,
        /// The seconds at which it was registered, as its ARN says.
        created_secs: u64,
    },
}

macro_rules! changes {
    ($($(#[$doc:meta])* $variant:ident,)*) => {
        /// A change of the catalog.
        #[derive(Clone, Debug)]
        pub enum Change {
            $($(#[$doc])* $variant($variant),)*
        }

        impl Change {
            pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
                match self {
                    $(Self::$variant(change) => change.apply(draft, now),)*
                }
            }
        }

        $(impl From<$variant> for Change {
            fn from(change: $variant) -> Self {
                Self::$variant(change)
            }
        })*
    };
}

changes! {
    /// `CreateStream`.
    CreateStream,
    /// All shards of a new stream are there.
    StreamBecameActive,
    /// `DeleteStream`.
    DeleteStream,
    /// Nothing of a deleted stream is left.
    StreamGone,
    /// `IncreaseStreamRetentionPeriod`.
    IncreaseRetention,
    /// `DecreaseStreamRetentionPeriod`.
    DecreaseRetention,
    /// `AddTagsToStream` and `TagResource`.
    AddTags,
    /// `RemoveTagsFromStream` and `UntagResource`.
    RemoveTags,
    /// `EnableEnhancedMonitoring`.
    EnableEnhancedMonitoring,
    /// `DisableEnhancedMonitoring`.
    DisableEnhancedMonitoring,
    /// `StartStreamEncryption`.
    StartStreamEncryption,
    /// `StopStreamEncryption`.
    StopStreamEncryption,
    /// `UpdateStreamMode`.
    UpdateStreamMode,
    /// `UpdateStreamWarmThroughput`.
    UpdateStreamWarmThroughput,
    /// `UpdateMaxRecordSize`.
    UpdateMaxRecordSize,
    /// `UpdateStreamRecordDistributionStrategy`.
    UpdateStreamRecordDistribution,
    /// `UpdateAccountSettings`.
    UpdateAccountSettings,
    /// `PutResourcePolicy`.
    PutResourcePolicy,
    /// `DeleteResourcePolicy`.
    DeleteResourcePolicy,
    /// `RegisterStreamConsumer`.
    RegisterConsumer,
    /// A new consumer may subscribe.
    ConsumerBecameActive,
    /// `DeregisterStreamConsumer`.
    DeregisterConsumer,
    /// Nothing of a deregistered consumer is left.
    ConsumerGone,
    /// `SplitShard`.
    SplitShard,
    /// `MergeShards`.
    MergeShards,
    /// `UpdateShardCount`.
    UpdateShardCount,
    /// The service itself wants another number of shards.
    ScaleStream,
    /// The service itself wants other boundaries between a stream's shards.
    RecutStream,
    /// Splits and merges of a reshard begin: their children are there to be made.
    BeginOperations,
    /// Splits and merges of a reshard are done: children take over.
    FinishOperations,
    /// The last record of a closed shard has expired.
    ShardExpired,
}

/// Makes the reshard that a request asked for and marks the stream; its operations follow as changes of their own.
fn begin_reshard(
    draft: &mut Draft,
    mut stream: Stream,
    kind: ReshardKind,
    reason: &str,
    now: Timestamp,
) {
    let id = stream.next_reshard;
    stream.next_reshard = id.next();
    let mut reshard = Reshard {
        id,
        kind,
        reason: reason.to_owned(),
        created: now,
        status: ReshardStatus::Running,
        shard_count_before: stream.open_shard_count(),
        running: Vec::new(),
        operations_done: 0,
    };
    if crate::reshard::next_operations(&stream, &reshard).is_empty() {
        // The shards are as asked for already.
        reshard.status = ReshardStatus::Done { finished_at: now };
    } else {
        stream.status = StreamStatus::Updating;
    }
    draft.put_reshard(&mut stream, reshard);
    draft.put_stream(stream);
}

/// Refuses what would take the account over its shard limit.
fn check_shard_limit(draft: &Draft, additional: u32) -> Result<(), ChangeError> {
    let open = draft.snapshot.totals().open_shards;
    match draft.limits().shards_per_account {
        Some(limit) if open + u64::from(additional) > u64::from(limit) => {
            Err(ChangeError::ShardLimit {
                open,
                limit,
                additional,
            })
        }
        _ => Ok(()),
    }
}

/// A quota as the number of uses that are remembered for it: without one, none needs to be.
fn kept_max(quota: Option<u32>) -> usize {
    quota.map_or(0, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// The uses so far and the quota, where it is used up.
fn used_up(uses: &super::RecentUses, quota: Option<u32>, now: Timestamp) -> Option<(u32, u32)> {
    let limit = quota?;
    let uses = u32::try_from(uses.count_at(now)).unwrap_or(u32::MAX);
    (uses >= limit).then_some((uses, limit))
}
