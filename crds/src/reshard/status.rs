//! How far a reshard has come: written by the operator, never by a user.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{condition::Condition, time::Time};

/// How far the reshard has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReshardStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What holds of the reshard, and since when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    #[schemars(length(max = 32))]
    pub conditions: Vec<Condition>,
    /// `Pending` (waits for another one), `Running`, `Done`, or `Failed` (refused: `message` says why).
    #[serde(default)]
    pub phase: ReshardPhase,
    /// Its number in the stream, given when it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// When it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When nothing was left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// How many shards were open when it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_count_before: Option<u32>,
    /// How many of its splits and merges are done.
    #[serde(default)]
    pub operations_done: u32,
    /// Its splits and merges that are under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    #[schemars(length(max = 64))]
    pub running: Vec<RunningOperation>,
    /// What a person should know about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How far a reshard has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum ReshardPhase {
    /// Not accepted yet.
    #[default]
    Pending,
    /// Something is left to do.
    Running,
    /// Nothing is left to do.
    Done,
    /// It was refused.
    Failed,
}

/// One split or merge that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunningOperation {
    /// Its number in the stream: every command of it carries it, and an older one can undo nothing.
    pub epoch: u64,
    /// Ids of the shards that are sealed, by hash key.
    pub parents: Vec<String>,
    /// Ids of the shards that take over, by hash key.
    pub children: Vec<String>,
}
