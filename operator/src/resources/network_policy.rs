//! Who may speak to shard pods: Anabranch's own pods, and whoever scrapes metrics.

use anabranch_crds::ShardPool;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::{Pods, metadata, selector};

/// Records only to gateways and other shard pods of this namespace, and to the operator. Names no way out: a pod needs DNS and
/// the Kubernetes API, whose addresses differ from cluster to cluster.
pub fn network_policy(pool: &ShardPool, pods: &Pods) -> Value {
    let mut from = vec![
        json!({ "podSelector": { "matchLabels": { "app.kubernetes.io/part-of": "anabranch" } } }),
    ];
    if pods.operator_namespace != pods.namespace {
        let operator = json!({
            "app.kubernetes.io/part-of": "anabranch",
            "app.kubernetes.io/component": "operator",
        });
        from.push(json!({
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": pods.operator_namespace } },
            "podSelector": { "matchLabels": operator },
        }));
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(pool),
        "spec": {
            "podSelector": { "matchLabels": selector(&pool.name_any()) },
            "policyTypes": ["Ingress"],
            "ingress": [
                { "from": from, "ports": [{ "port": "shard", "protocol": "TCP" }] },
                { "ports": [{ "port": "admin", "protocol": "TCP" }] },
            ],
        },
    })
}
