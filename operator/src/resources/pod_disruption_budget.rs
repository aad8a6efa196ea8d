//! How many of a pool's pods an eviction may take at a time: one.

use anabranch_crds::ShardPool;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::{metadata, selector};

/// One at a time: a shard of three replicas keeps its majority, and one of a single replica is away as briefly as can be.
pub fn pod_disruption_budget(pool: &ShardPool) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(pool),
        "spec": {
            "maxUnavailable": 1,
            "selector": { "matchLabels": selector(&pool.name_any()) },
        },
    })
}
