//! What became of a shard: written by the operator, never by a user.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{condition::Condition, time::Time};

/// What is known of the shard.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShardStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What holds of the shard, and since when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    #[schemars(length(max = 32))]
    pub conditions: Vec<Condition>,
    /// Where it is in its life: `Creating` (its replicas are being made), `Open` (takes puts), `Sealing` (its children are
    /// being made), `Closed` (read until its last record expires), `Expired` (about to be removed).
    #[serde(default)]
    pub phase: ShardPhase,
    /// Its share of all hash keys, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
    /// When it began to take puts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Time>,
    /// When its children took over. Once it is here, puts go to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    /// The sequence number after all of its records, when it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub ending_sequence_number: Option<String>,
    /// When its last record arrived, when it is closed: it expires one retention later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_arrival: Option<Time>,
    /// The pod that leads its replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
    /// The pods that hold a replica with a vote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub voters: Vec<String>,
    /// The pods whose replica is catching up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub learners: Vec<String>,
}

/// Where a shard is in its life.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub enum ShardPhase {
    /// Its replicas are being made; nobody may write.
    #[default]
    Creating,
    /// Takes puts.
    Open,
    /// Its children are being made.
    Sealing,
    /// Takes no more puts; what it has is read until it expires.
    Closed,
    /// All of its records have expired.
    Expired,
}
