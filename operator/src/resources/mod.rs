//! The Kubernetes objects of one pool of shard pods: pure builders, one object a file.
//!
//! They are applied on the server's side with one field manager, so what a builder does not say is not the operator's.

mod network_policy;
mod pod_disruption_budget;
mod service;
mod stateful_set;

use anabranch_crds::{ShardPool, labels};
use kube::ResourceExt as _;
use serde_json::{Value, json};

pub use network_policy::network_policy;
pub use pod_disruption_budget::pod_disruption_budget;
pub use service::service;
pub use stateful_set::{MountedTls, Pods, stateful_set};

/// The name of a pool's `StatefulSet`, and of the headless Service that names its pods.
pub fn set_name(pool: &str) -> String {
    format!("{pool}-shards")
}

/// What selects a pool's pods.
pub fn selector(pool: &str) -> Value {
    json!({
        "app.kubernetes.io/name": "anabranch",
        "app.kubernetes.io/component": "shard",
        labels::POOL: pool,
    })
}

/// What a pool's pods are labelled with: the selector, and what all of Anabranch's pods have, whose network they share.
pub fn pod_labels(pool: &str) -> Value {
    let mut labels = selector(pool);
    labels["app.kubernetes.io/part-of"] = Value::from("anabranch");
    labels
}

/// The selector as text, as a `scale` subresource shows it.
pub fn selector_text(pool: &str) -> String {
    let pool_label = labels::POOL;
    format!(
        "app.kubernetes.io/name=anabranch,app.kubernetes.io/component=shard,{pool_label}={pool}"
    )
}

/// Name, labels and owner: what goes with the pool.
fn metadata(pool: &ShardPool) -> Value {
    let name = pool.name_any();
    let mut all = selector(&name);
    all["app.kubernetes.io/managed-by"] = Value::from(labels::MANAGED_BY);
    json!({
        "name": set_name(&name),
        "labels": all,
        "ownerReferences": [kube::Resource::controller_owner_ref(pool, &())],
    })
}

#[cfg(test)]
mod resources_test;
