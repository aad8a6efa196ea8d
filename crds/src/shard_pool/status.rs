//! What is known of a pool: written by the operator, never by a user.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;

/// What is known of the pool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShardPoolStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What holds of the pool, and since when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    #[schemars(length(max = 32))]
    pub conditions: Vec<Condition>,
    /// Pods that are wanted now.
    #[serde(default)]
    pub pods: u32,
    /// Pods that are ready.
    #[serde(default)]
    pub ready_pods: u32,
    /// Shard replicas that are placed on them.
    #[serde(default)]
    pub shards: u32,
    /// Streams that use the pool.
    #[serde(default)]
    pub streams: u32,
    /// Labels of the pods, as text: what the `scale` subresource shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}
