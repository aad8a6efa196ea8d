//! How many of a pool's pods an eviction may take at a time: one, or none while a copy is missing.

use anabranch_crds::ShardPool;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::{metadata, selector};

/// One at a time: a shard of three replicas keeps its majority, and one of a single replica is away as briefly as can be. None, where
/// pods are ready and a shard cannot spare one all the same: a disk was lost and is not filled again yet.
pub fn pod_disruption_budget(pool: &ShardPool, can_spare_one: bool) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(pool),
        "spec": {
            "maxUnavailable": u8::from(can_spare_one),
            "selector": { "matchLabels": selector(&pool.name_any()) },
        },
    })
}
