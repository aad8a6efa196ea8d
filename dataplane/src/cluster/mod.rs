//! The composition roots of a cluster's processes: a gateway, a shard pod. The operator is a binary of its own and builds
//! from the same parts.
//!
//! As in [`crate::standalone`], nothing else reads flags or the environment. Invariant: neither process needs the
//! operator, and neither needs the Kubernetes API once it has seen the catalog.

mod gateway;
mod options;
mod process;
mod recollection;
mod shard_pod;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::process::Process;
use self::recollection::PODS;
use crate::catalog::kubernetes::{Client, connect, follow_pod_addresses};
use crate::encryption::KeyFile;
use crate::internal_tls::InternalTls;
use crate::recollection::Recollection;
use crate::serving::{KnownAddresses, PodAddresses};

pub use gateway::run_gateway;
pub use options::{ClusterOptions, GatewayOptions, ShardOptions};
pub use shard_pod::run_shard_pod;

/// Where shard pods are, kept up to date by `process`; until somebody says so, where they were last.
fn find_pods(
    client: &Client,
    cluster: &ClusterOptions,
    recollection: &Recollection,
    process: &Process,
) -> PodAddresses {
    let known = KnownAddresses::new(cluster.namespace.clone(), cluster.shard_port);
    let known = Arc::new(known);
    if let Some(pods) = recollection.recall::<HashMap<String, IpAddr>>(PODS) {
        let pods = pods.into_iter();
        let pods = pods.filter_map(|(pod, address)| Some((pod.parse().ok()?, address)));
        known.replace(pods.collect());
    }
    let (client, namespace, told) = (
        client.clone(),
        cluster.namespace.clone(),
        Arc::clone(&known),
    );
    let recollection = recollection.clone();
    process.keep(async move {
        follow_pod_addresses(client, &namespace, |pods| {
            let named: HashMap<_, _> = pods.iter().map(|(pod, at)| (pod.as_str(), *at)).collect();
            recollection.keep(PODS, &named);
            told.replace(pods);
        })
        .await;
    });
    PodAddresses::Known(known)
}

/// What the process proves itself with to the others of its cluster, kept up to date.
fn open_tls(
    cluster: &ClusterOptions,
    tasks: &TaskTracker,
    keeping_ends: &CancellationToken,
) -> anyhow::Result<Option<InternalTls>> {
    let tls = InternalTls::open_if_said(cluster.internal_tls.as_ref())?;
    if let Some(tls) = &tls {
        tasks.spawn(keeping_ends.clone().run_until_cancelled_owned(tls.follow()));
    }
    Ok(tls)
}

/// The keys of encryption at rest.
fn key_file(path: Option<&Path>) -> anyhow::Result<KeyFile> {
    match path {
        Some(path) => Ok(KeyFile::read(path)?),
        None => Ok(KeyFile::none()),
    }
}

/// A client of the Kubernetes API, or what to do to have one.
async fn client() -> anyhow::Result<Client> {
    connect()
        .await
        .map_err(|failure| anyhow::anyhow!(failure))
        .context("find the Kubernetes API: run in a pod, or with a KUBECONFIG")
}
