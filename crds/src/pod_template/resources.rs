//! Processor and memory of a shard pod.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::refusal;

/// Processor and memory, as a container's `resources`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodResources {
    /// What is reserved: `cpu`, `memory`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = { "type": "string", "maxLength": 32 }))]
    #[x_kube(validation = Rule::new("self.all(name, isQuantity(self[name]))").message(refusal::RESOURCES))]
    pub requests: BTreeMap<String, String>,
    /// What may be used at most: `cpu`, `memory`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = { "type": "string", "maxLength": 32 }))]
    #[x_kube(validation = Rule::new("self.all(name, isQuantity(self[name]))").message(refusal::RESOURCES))]
    pub limits: BTreeMap<String, String>,
}
