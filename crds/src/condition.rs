//! Conditions of a kind's status, as Kubernetes spells them.
//!
//! Types are an enum, so that no two writers can spell one differently; Kubernetes' `Condition` is repeated here because
//! its own type takes any string.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One observed condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What the condition is about.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word in CamelCase that says why.
    pub reason: String,
    /// A sentence for a person: what happened and what to do.
    pub message: String,
    /// When `status` last changed (RFC 3339).
    pub last_transition_time: String,
    /// The `metadata.generation` that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// The conditions a stream can have.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ConditionType {
    /// Every hash key has an open shard with a leader: puts and gets work.
    Ready,
    /// A change (creation, reshard, placement) is under way.
    Progressing,
    /// Something is worse than asked for, though it works: a replica is missing, a pod is down.
    Degraded,
    /// Autoscaling wants more shards than it may make.
    ScalingLimited,
    /// One partition key alone carries more than a shard can take.
    HotKey,
    /// A disk is below its reserve: puts are refused until space is back.
    StorageLow,
}

/// Kubernetes' three values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody could tell.
    Unknown,
}
