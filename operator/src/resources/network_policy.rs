//! Who may speak to shard pods: Anabranch's own pods, and whoever scrapes metrics.

use anabranch_crds::ShardPool;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::{metadata, selector};

/// Records only to gateways, the operator and other shard pods of this namespace. Names no way out: a pod needs DNS and
/// the Kubernetes API, whose addresses differ from cluster to cluster.
pub fn network_policy(pool: &ShardPool) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(pool),
        "spec": {
            "podSelector": { "matchLabels": selector(&pool.name_any()) },
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [{ "podSelector": { "matchLabels": { "app.kubernetes.io/part-of": "anabranch" } } }],
                    "ports": [{ "port": "shard", "protocol": "TCP" }],
                },
                { "ports": [{ "port": "admin", "protocol": "TCP" }] },
            ],
        },
    })
}
