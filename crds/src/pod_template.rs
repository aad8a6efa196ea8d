//! What shard pods are made like: storage, resources, scheduling. The same in a stream's own pods and in a `ShardPool`.

mod resources;
mod scheduling;
mod storage;

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

pub use resources::PodResources;
pub use scheduling::{Toleration, TolerationEffect, TolerationOperator, TopologySpread};
pub use storage::Storage;

use crate::{foreign::any_object, refusal};

/// What shard pods are made like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodTemplate {
    /// The disk of each pod.
    #[serde(default)]
    pub storage: Storage,
    /// Processor and memory of each pod.
    #[serde(default)]
    pub resources: PodResources,
    /// How many shard replicas one pod holds at most; more shards mean more pods.
    #[serde(default = "PodTemplate::default_shards_per_pod")]
    #[x_kube(validation = Rule::new("self >= 1 && self <= 1000").message(refusal::SHARDS_PER_POD))]
    pub shards_per_pod: u32,
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that the pods put up with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub tolerations: Vec<Toleration>,
    /// A pod's `affinity`, handed on as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_object")]
    pub affinity: Option<serde_json::Value>,
    /// How pods are spread over zones and nodes, so that one loss takes no majority. `Preferred`: as far as there is room;
    /// `Required`: a pod waits rather than share a node; `Disabled`: wherever the scheduler likes.
    #[serde(default)]
    pub topology_spread: TopologySpread,
    /// The pods' priority class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub priority_class_name: Option<String>,
}

impl PodTemplate {
    fn default_shards_per_pod() -> u32 {
        100
    }
}

impl Default for PodTemplate {
    fn default() -> Self {
        Self {
            storage: Storage::default(),
            resources: PodResources::default(),
            shards_per_pod: Self::default_shards_per_pod(),
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            affinity: None,
            topology_spread: TopologySpread::default(),
            priority_class_name: None,
        }
    }
}
