//! The headless Service that gives each pod of a pool a name.

use anabranch_crds::ShardPool;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::{metadata, selector};

/// Pods are found before they are ready: what is not ready says so itself, and better.
pub fn service(pool: &ShardPool, port: u16) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(pool),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": true,
            "selector": selector(&pool.name_any()),
            "ports": [{ "name": "shard", "port": port, "targetPort": "shard", "protocol": "TCP" }],
        },
    })
}
