//! Everything that can be chosen about a gateway or a shard pod, as plain values.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anabranch_domain::PodName;

use crate::internal_tls::InternalTlsOptions;
use crate::standalone::options::{
    Authentication, BoundOptions, LimitOptions, LogOptions, StorageOptions, TlsOptions,
};

/// Where the cluster's parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterOptions {
    /// The namespace whose custom resources are the catalog.
    pub namespace: String,
    /// The port that shard pods answer on.
    pub shard_port: u16,
    /// How they prove to each other who they are; none: they do not, and speak plain text.
    pub internal_tls: Option<InternalTlsOptions>,
}

/// The choices of one `anabranch gateway` process.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayOptions {
    /// Where the Kinesis API answers in plain text.
    pub listen: SocketAddr,
    /// Where it answers over TLS, if anywhere.
    pub tls: Option<TlsOptions>,
    /// Where probes and scrapes are answered; none: nowhere.
    pub admin_listen: Option<SocketAddr>,
    /// Where the cluster's parts are.
    pub cluster: ClusterOptions,
    /// The `ShardPool` of streams that the API makes.
    pub default_pool: Option<String>,
    /// Copies of each shard of such streams.
    pub default_replication_factor: u32,
    /// Where it keeps what it saw last, for its next start without the Kubernetes API.
    pub state_dir: Option<PathBuf>,
    /// What seals iterators and page tokens.
    pub token_key_file: Option<PathBuf>,
    /// Who may call; none: holders of the access keys in labelled Secrets.
    pub authentication: Option<Authentication>,
    /// The 12-digit account that ARNs name.
    pub account_id: String,
    /// The region that ARNs name and signatures must be scoped to.
    pub region: String,
    /// The furthest a signed request's date may be from this clock.
    pub clock_skew_max: Duration,
    /// Keys for encryption at rest.
    pub encryption_keys: Option<PathBuf>,
    /// AWS's service limits, as changed.
    pub limits: LimitOptions,
    /// What this process will hold at once.
    pub bounds: BoundOptions,
    /// How log lines look.
    pub log: LogOptions,
    /// How long a graceful stop waits for requests in flight.
    pub shutdown_grace: Duration,
}

/// The choices of one `anabranch shard` process.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardOptions {
    /// Where gateways and the operator ask for shards.
    pub listen: SocketAddr,
    /// Where probes and scrapes are answered; none: nowhere.
    pub admin_listen: Option<SocketAddr>,
    /// This pod's name.
    pub pod: PodName,
    /// Where the cluster's parts are.
    pub cluster: ClusterOptions,
    /// The 12-digit account.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// Keys for encryption at rest.
    pub encryption_keys: Option<PathBuf>,
    /// The directory that holds the logs.
    pub data_dir: PathBuf,
    /// AWS's service limits, as changed.
    pub limits: LimitOptions,
    /// How the store uses memory and disk.
    pub storage: StorageOptions,
    /// Bytes a second that all its shards together send to replicas that lag; none: no bound.
    pub catch_up_rate: Option<u64>,
    /// How log lines look.
    pub log: LogOptions,
    /// How long a graceful stop waits for calls in flight.
    pub shutdown_grace: Duration,
}
