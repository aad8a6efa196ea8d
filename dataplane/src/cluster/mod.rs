//! The composition roots of a cluster's processes: a gateway, a shard pod. The operator is a binary of its own and builds
//! from the same parts.
//!
//! As in [`crate::standalone`], nothing else reads flags or the environment. Invariant: neither process needs the
//! operator, and neither needs the Kubernetes API once it has seen the catalog.

mod gateway;
mod options;
mod shard_pod;

use anyhow::Context;

use crate::catalog::kubernetes::{Client, connect};

pub use gateway::run_gateway;
pub use options::{ClusterOptions, GatewayOptions, ShardOptions};
pub use shard_pod::run_shard_pod;

/// A client of the Kubernetes API, or what to do to have one.
async fn client() -> anyhow::Result<Client> {
    connect()
        .await
        .map_err(|failure| anyhow::anyhow!(failure))
        .context("find the Kubernetes API: run in a pod, or with a KUBECONFIG")
}
