//! `anabranch shard`: flags and environment become one [`ShardOptions`].

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use anabranch_domain::PodName;
use clap::Args;

use super::gateway::ClusterArgs;
use super::limit_args::LimitArgs;
use super::outcome::{Failure, Outcome};
use super::standalone::{self, ProcessArgs, StorageArgs};
use super::units::{
    OptionalListen, parse_account_id, parse_listen, parse_optional_listen, parse_size_rate,
};
use crate::cluster::ShardOptions;
use crate::standalone::options::LimitSetting;

/// Run a shard pod of a cluster: the logs of shards on one disk
///
/// Started by the operator, as a pod of a ShardPool. It serves the shards that were formed on its disk, and goes on doing so
/// while the operator or the Kubernetes API is away.
#[derive(Debug, Args)]
pub(super) struct ShardArgs {
    /// Where gateways, the operator and other pods ask for shards (gRPC)
    #[arg(long, value_name = "HOST:PORT", env = "ANABRANCH_LISTEN", default_value = "0.0.0.0:4569", value_parser = parse_listen)]
    listen: SocketAddr,

    /// Where /healthz, /readyz and /metrics answer, or `off`
    #[arg(long, value_name = "HOST:PORT", env = "ANABRANCH_ADMIN_LISTEN", default_value = "127.0.0.1:9567", value_parser = parse_optional_listen)]
    admin_listen: OptionalListen,

    /// This pod's name
    #[arg(long, value_name = "NAME", env = "ANABRANCH_POD_NAME")]
    pod_name: PodName,

    /// The account that ARNs name
    #[arg(long, value_name = "12 DIGITS", env = "ANABRANCH_ACCOUNT_ID", default_value = "000000000000", value_parser = parse_account_id)]
    account_id: String,

    /// The region that ARNs name
    #[arg(
        long,
        value_name = "NAME",
        env = "ANABRANCH_REGION",
        default_value = "us-east-1"
    )]
    region: String,

    /// Keys for encryption at rest, YAML, the same as the gateways have
    #[arg(long, value_name = "FILE", env = "ANABRANCH_ENCRYPTION_KEYS")]
    encryption_keys: Option<PathBuf>,

    /// Bytes a second that all shards of this pod together send to replicas elsewhere that lag (a disk that was lost, a pod that was
    /// away, a move), or `off` for no bound. What is put meanwhile is not counted, and a put never waits for it
    #[arg(long, value_name = "SIZE", env = "ANABRANCH_CATCH_UP_RATE", default_value = "32MiB", value_parser = parse_size_rate)]
    catch_up_rate: LimitSetting<u64>,

    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    storage: StorageArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    process: ProcessArgs,
}

pub(super) fn run(args: ShardArgs) -> Result<Outcome, Failure> {
    let threads = args.process.worker_threads.unwrap_or_else(default_threads);
    let options = ShardOptions {
        listen: args.listen,
        admin_listen: args.admin_listen.0,
        pod: args.pod_name,
        cluster: args.cluster.options(),
        account_id: args.account_id,
        region: args.region,
        encryption_keys: args.encryption_keys,
        data_dir: args.storage.data_dir.clone(),
        limits: args.limits.into_options(),
        storage: args.storage.into_options()?,
        catch_up_rate: match args.catch_up_rate {
            LimitSetting::At(bytes) => Some(bytes),
            LimitSetting::Off => None,
        },
        log: args.process.log(),
        shutdown_grace: args.process.shutdown_grace,
    };
    standalone::block_on(Some(threads), crate::cluster::run_shard_pod(options))
}

/// One for two processors: the commit thread and RocksDB's flushes want the others, and a worker that is woken to help another costs
/// more than the little that there is to do between two messages (`docs/performance.md`, "Three copies on two processors").
fn default_threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    (processors / 2).max(1)
}
