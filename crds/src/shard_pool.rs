//! `ShardPool`: a set of shard pods, a stream's own or shared by many.
//!
//! Says where shards run and never what they are: no stream is named here.

mod status;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use status::ShardPoolStatus;

use crate::{pod_template::PodTemplate, refusal};

/// A set of shard pods as it should be.
#[derive(CustomResource, Debug, Clone, PartialEq, Default, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "anabranch.dev",
    version = "v1alpha1",
    kind = "ShardPool",
    plural = "shardpools",
    shortname = "dpool",
    category = "anabranch",
    namespaced,
    doc = "A set of shard pods with disks: how many, how large and where. Streams name it in spec.pool.",
    derive = "PartialEq",
    status = "ShardPoolStatus",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.pods",
        label_selector_path = ".status.selector"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Pods",
        type_ = "integer",
        json_path = ".status.pods",
        description = "pods that are wanted"
    ),
    printcolumn(
        name = "Up",
        type_ = "integer",
        json_path = ".status.readyPods",
        description = "pods that are ready"
    ),
    printcolumn(
        name = "Shards",
        type_ = "integer",
        json_path = ".status.shards",
        description = "shard replicas on them"
    ),
    printcolumn(name = "Size", type_ = "string", json_path = ".spec.storage.size"),
    printcolumn(
        name = "Why",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.replicas) || (!has(self.minReplicas) && !has(self.maxReplicas))")
        .message(refusal::POOL_REPLICAS_OR_BOUNDS),
    validation = Rule::new("!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas")
        .message(refusal::POOL_BOUNDS)
)]
pub struct ShardPoolSpec {
    /// Fixed number of pods. When left out, it follows the shards between `minReplicas` and `maxReplicas`. Fewer pods than
    /// hold data now means that the data is moved first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self >= 0 && self <= 1000").message(refusal::POOL_REPLICAS))]
    pub replicas: Option<u32>,
    /// Never fewer pods than this; 1 when left out. Streams with three replicas need three pods whatever it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self >= 1 && self <= 1000").message(refusal::POOL_REPLICAS))]
    pub min_replicas: Option<u32>,
    /// Never more pods than this; 100 when left out. Streams that do not fit say so in a condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self >= 1 && self <= 1000").message(refusal::POOL_REPLICAS))]
    pub max_replicas: Option<u32>,
    /// What the pods are made like.
    #[serde(flatten)]
    pub pods: PodTemplate,
}

impl ShardPoolSpec {
    const MIN_REPLICAS_WHEN_LEFT_OUT: u32 = 1;
    const MAX_REPLICAS_WHEN_LEFT_OUT: u32 = 100;

    /// How many pods there may be, least and most; the same number twice when it is fixed. Least is never above most.
    pub fn bounds(&self) -> (u32, u32) {
        if let Some(replicas) = self.replicas {
            return (replicas, replicas);
        }
        let least = self.min_replicas.unwrap_or_else(|| {
            Self::MIN_REPLICAS_WHEN_LEFT_OUT.min(self.max_replicas.unwrap_or(u32::MAX))
        });
        let most = self
            .max_replicas
            .unwrap_or(Self::MAX_REPLICAS_WHEN_LEFT_OUT)
            .max(least);
        (least, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_pods_is_fixed_or_bounded() {
        for (replicas, min_replicas, max_replicas, bounds) in [
            (None, None, None, (1, 100)),
            (Some(3), None, None, (3, 3)),
            (None, Some(2), None, (2, 100)),
            (None, Some(200), None, (200, 200)),
            (None, None, Some(8), (1, 8)),
            (None, Some(3), Some(9), (3, 9)),
        ] {
            let spec = ShardPoolSpec {
                replicas,
                min_replicas,
                max_replicas,
                pods: PodTemplate::default(),
            };
            assert_eq!(spec.bounds(), bounds);
        }
    }

    #[test]
    fn an_empty_spec_is_a_pool_with_defaults() {
        let spec: ShardPoolSpec = serde_json::from_str("{}").expect("valid");
        assert_eq!(spec, ShardPoolSpec::default());
        assert_eq!(spec.pods.shards_per_pod, 100);
    }
}
