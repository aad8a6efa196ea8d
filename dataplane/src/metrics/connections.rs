//! Connections that other processes of the cluster made to a shard pod, by how they are spoken over.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

/// What is counted of connections between pods.
#[derive(Debug, Clone)]
pub struct ConnectionMetrics {
    /// In plain text.
    pub plain: IntCounter,
    /// Over mutual TLS.
    pub tls: IntCounter,
    /// Of others than the cluster's own processes.
    pub refused: IntCounter,
}

impl ConnectionMetrics {
    /// Creates and registers the metrics.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let connections = IntCounterVec::new(
            Opts::new(
                "anabranch_shard_connections_total",
                "Connections that gateways, the operator and other shard pods made, by how: plain, tls, or refused",
            ),
            &["how"],
        )?;
        registry.register(Box::new(connections.clone()))?;
        let how = |how: &str| connections.with_label_values(&[how]);
        Ok(Self {
            plain: how("plain"),
            tls: how("tls"),
            refused: how("refused"),
        })
    }
}
