//! What is known of a stream: written by the operator, never by a user.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Durability;
use crate::{condition::Condition, time::Time};

/// What is known of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataStreamStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What holds of the stream, and since when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    #[schemars(length(max = 32))]
    pub conditions: Vec<Condition>,
    /// Where it is in its life: `Creating` (its shards are being made), `Active`, `Updating` (its shards are being
    /// changed; puts and gets work), `Deleting`.
    #[serde(default)]
    pub phase: StreamPhase,
    /// How many shards there are.
    #[serde(default)]
    pub shards: StreamCounts,
    /// The `spec.shards` that was carried out last. Shards are split and merged when the spec differs from this, not when
    /// the number of open shards does: a split that was asked for otherwise stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_shards: Option<u32>,
    /// Identity of this life of the stream's name, found in the data on its disks: 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub stream_uid: Option<String>,
    /// The stream's ARN in the Kinesis API.
    #[serde(default, rename = "streamARN", skip_serializing_if = "Option::is_none")]
    pub stream_arn: Option<String>,
    /// When the stream was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_creation_timestamp: Option<Time>,
    /// When puts are acknowledged now: with `Fsync` when a majority of the replicas has them on disk, with `Memory` when a majority
    /// has them in memory.
    #[serde(default)]
    pub durability: Durability,
    /// Registered enhanced fan-out consumers.
    #[serde(default)]
    pub consumers: u32,
    /// The `ShardPool` whose pods hold the shards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// The index that the next shard gets. Grows for ever, so that no shard id is used twice.
    #[serde(default)]
    pub next_shard: u32,
    /// The number that the next reshard gets.
    #[serde(default)]
    pub next_reshard: u64,
    /// The number of the last split or merge that was begun. Grows for ever: what an older one asks for is refused.
    #[serde(default)]
    pub epoch: u64,
    /// When the API did what it may do only so often a day.
    #[serde(default)]
    pub recent_uses: RecentUses,
    /// What the autoscaler sees and does; not there where it is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<AutoscalingStatus>,
    /// Labels of the pods, as text: what the `scale` subresource shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

/// What the autoscaler sees and does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoscalingStatus {
    /// Open shards when it last looked.
    #[serde(default)]
    pub current_shards: u32,
    /// Open shards that the load asks for, whatever limits them.
    #[serde(default)]
    pub recommended_shards: u32,
    /// What is offered, in shards: `2.4` is what fills two shards and two fifths of a third.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<String>,
    /// The refused part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled: Option<String>,
    /// What it did last, or would have done, and why: in numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_decision: Option<String>,
    /// When it decided that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_decision_at: Option<Time>,
    /// Why it does nothing now, where that is not because of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding: Option<String>,
    /// When the next merge may be, if the load stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_merge_at: Option<Time>,
    /// What the autoscaler remembers over a restart, as JSON: not for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32_768))]
    pub memory: Option<String>,
}

/// Where a stream is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum StreamPhase {
    /// Its shards are being made.
    #[default]
    Creating,
    /// Ready for everything.
    Active,
    /// Being resharded; takes and gives records.
    Updating,
    /// On its way out.
    Deleting,
}

/// Shards by phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamCounts {
    /// Taking puts.
    #[serde(default)]
    pub open: u32,
    /// Split or merged, their records still within the retention.
    #[serde(default)]
    pub closed: u32,
}

/// Times of the last 24 hours at which something was done that the Kinesis API allows only so often a day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecentUses {
    /// `UpdateShardCount`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub shard_count_updates: Vec<Time>,
    /// Switches between `Provisioned` and `OnDemand`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub mode_switches: Vec<Time>,
    /// Keys that were set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub encryption_starts: Vec<Time>,
    /// Keys that were taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub encryption_stops: Vec<Time>,
}
