//! `anabranch gateway`: flags and environment become one [`GatewayOptions`].

use std::path::PathBuf;

use clap::Args;
use clap::builder::TypedValueParser as _;

use super::limit_args::LimitArgs;
use super::outcome::{Failure, Outcome};
use super::standalone::{self, AccessArgs, BoundArgs, ListenerArgs, ProcessArgs};
use crate::cluster::{ClusterOptions, GatewayOptions};
use crate::internal_tls::InternalTlsArgs;

/// Run a gateway of a cluster: the Kinesis API, over shards that are on pods
///
/// Keeps no state: who is what is read from the custom resources of one namespace, records are on the shard pods. Run as
/// many as requests need behind one Service; the Helm chart does.
#[derive(Debug, Args)]
pub(super) struct GatewayArgs {
    #[command(flatten)]
    listeners: ListenerArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    bounds: BoundArgs,
    #[command(flatten)]
    process: ProcessArgs,

    /// The ShardPool of streams that the API makes; without it, each gets shard pods of its own
    #[arg(long, value_name = "NAME", env = "ANABRANCH_DEFAULT_POOL")]
    default_pool: Option<String>,

    /// Replicas of each shard of such streams: 1, 3 or 5
    #[arg(
        long,
        value_name = "NUMBER",
        env = "ANABRANCH_DEFAULT_REPLICATION_FACTOR",
        default_value = "1",
        value_parser = clap::builder::PossibleValuesParser::new(["1", "3", "5"])
            .map(|text| text.parse::<u32>().unwrap_or(1))
    )]
    default_replication_factor: u32,

    /// A directory of this pod's own, in memory, for what was seen of the cluster last: a gateway that is started again while
    /// the Kubernetes API does not answer goes on with it [default: none, it waits]
    #[arg(long, value_name = "DIR", env = "ANABRANCH_STATE_DIR")]
    state_dir: Option<PathBuf>,

    /// A file that only the gateways of this namespace have, 32 bytes or more: it seals shard iterators and page tokens, so
    /// that one gateway takes what another gave [default: made anew at each start]
    #[arg(long, value_name = "FILE", env = "ANABRANCH_TOKEN_KEY_FILE")]
    token_key_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "The cluster")]
pub(super) struct ClusterArgs {
    /// The namespace whose custom resources are the catalog: one AWS account and region
    #[arg(long, value_name = "NAME", env = "ANABRANCH_NAMESPACE")]
    namespace: String,

    /// The port that shard pods answer each other and gateways on
    #[arg(
        long,
        value_name = "PORT",
        env = "ANABRANCH_SHARD_PORT",
        default_value_t = 4569
    )]
    shard_port: u16,

    #[command(flatten)]
    internal_tls: InternalTlsArgs,
}

impl ClusterArgs {
    pub(super) fn options(&self) -> ClusterOptions {
        ClusterOptions {
            namespace: self.namespace.clone(),
            shard_port: self.shard_port,
            internal_tls: self.internal_tls.options(),
        }
    }
}

pub(super) fn run(args: GatewayArgs) -> Result<Outcome, Failure> {
    let threads = args.process.worker_threads;
    let options = GatewayOptions {
        listen: args.listeners.listen,
        tls: args.listeners.tls()?,
        admin_listen: args.listeners.admin_listen.0,
        cluster: args.cluster.options(),
        default_pool: args.default_pool,
        default_replication_factor: args.default_replication_factor,
        state_dir: args.state_dir,
        token_key_file: args.token_key_file,
        authentication: args.access.authentication_if_said()?,
        account_id: args.access.account_id.clone(),
        region: args.access.region.clone(),
        clock_skew_max: args.access.clock_skew_max,
        encryption_keys: args.access.encryption_keys.clone(),
        limits: args.limits.into_options(),
        bounds: args.bounds.into_options(),
        log: args.process.log(),
        shutdown_grace: args.process.shutdown_grace,
    };
    standalone::block_on(threads, crate::cluster::run_gateway(options))
}
