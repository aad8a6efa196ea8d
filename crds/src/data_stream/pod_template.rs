//! The shard pods of a stream that shares no pool: storage, resources, scheduling.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refusal;

/// What the stream's own shard pods are made like.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodTemplate {
    /// The disk of each pod.
    #[serde(default)]
    pub storage: Storage,
    /// Processor and memory of each pod.
    #[serde(default)]
    pub resources: PodResources,
    /// How many shard replicas one pod holds at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards_per_pod: Option<u32>,
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that the pods put up with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// The pods' priority class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
}

/// A pod's disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Storage {
    /// Size of the volume.
    #[serde(default = "Storage::default_size")]
    #[x_kube(validation = Rule::new("isQuantity(self)").message(refusal::STORAGE_SIZE))]
    pub size: String,
    /// Storage class; the cluster's default when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
}

impl Storage {
    fn default_size() -> String {
        "10Gi".to_owned()
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            size: Self::default_size(),
            class_name: None,
        }
    }
}

/// Processor and memory, as a container's `resources`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodResources {
    /// What is reserved: `cpu`, `memory`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, String>,
    /// What may be used at most: `cpu`, `memory`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, String>,
}

/// A taint that the pods put up with, as in a pod's `tolerations`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Toleration {
    /// The taint's key; every key when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How key and value are compared.
    #[serde(default)]
    pub operator: TolerationOperator,
    /// The taint's value, for `Equal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The taint's effect; every effect when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<TolerationEffect>,
    /// For how long, when the effect is `NoExecute`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<i64>,
}

/// How a toleration compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum TolerationOperator {
    /// Key and value are the taint's.
    #[default]
    Equal,
    /// The key is the taint's, whatever the value.
    Exists,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TolerationEffect {
    /// They are not put on the node.
    NoSchedule,
    /// They are put there only when nothing else is free.
    PreferNoSchedule,
    /// They are driven off the node.
    NoExecute,
}
