//! `anabranch standalone`: flags, environment and config file become one [`StandaloneOptions`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{ArgMatches, Args};

use super::limit_args::LimitArgs;
use super::outcome::{Failure, Outcome};
use super::units::{
    OptionalListen, parse_account_id, parse_bytes, parse_duration, parse_listen,
    parse_optional_listen,
};
use crate::standalone::StandaloneOptions;
use crate::standalone::options::{
    Authentication, BoundOptions, LogFormat, LogOptions, ScrubOptions, StorageOptions, TlsOptions,
};

/// Run the server: the whole Kinesis API in one process, on one directory
///
/// Answers the AWS Kinesis Data Streams API on an embedded store. Every acknowledged record is on the disk before its
/// answer leaves. Point any AWS SDK or the aws CLI at it with an endpoint URL.
///
/// Every flag is also an environment variable and a key of the config file (the flag without its dashes). A flag wins
/// over the environment, the environment over the file, the file over the default. Sizes are plain bytes or take KiB,
/// MiB, GiB; durations are plain seconds or take ms, s, m, h, d.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct StandaloneArgs {
    /// A YAML file of settings; unknown keys are refused
    #[arg(long, value_name = "FILE", env = "ANABRANCH_CONFIG")]
    config: Option<PathBuf>,

    #[command(flatten)]
    listeners: ListenerArgs,
    #[command(flatten)]
    storage: StorageArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    autoscaling: AutoscalingArgs,
    #[command(flatten)]
    bounds: BoundArgs,
    #[command(flatten)]
    process: ProcessArgs,
}

const EXAMPLES: &str = "\
Examples:
  A laptop, as an emulator is used:
    anabranch standalone --data-dir ./data --allow-anonymous --no-limits

  A server with access keys and TLS:
    anabranch standalone --data-dir /var/lib/anabranch --credentials /etc/anabranch/credentials.yaml \\
      --listen 127.0.0.1:4567 --tls-listen 0.0.0.0:4568 --tls-cert server.pem --tls-key server.key

  The same from a file (anabranch standalone --config anabranch.yaml):
    data-dir: /var/lib/anabranch
    credentials: /etc/anabranch/credentials.yaml
    tls-listen: 0.0.0.0:4568
    tls-cert: server.pem
    tls-key: server.key

  Then:
    aws --endpoint-url http://127.0.0.1:4567 kinesis create-stream --stream-name orders --shard-count 4
    aws --endpoint-url http://127.0.0.1:4567 kinesis list-streams
    curl http://127.0.0.1:9567/metrics";

#[derive(Debug, Args)]
#[command(next_help_heading = "Listeners")]
pub(super) struct ListenerArgs {
    /// Where the Kinesis API answers in plain text, HTTP/1.1 and HTTP/2 with prior knowledge on one port
    #[arg(long, value_name = "HOST:PORT", env = "ANABRANCH_LISTEN", default_value = "127.0.0.1:4567", value_parser = parse_listen)]
    pub(super) listen: SocketAddr,

    /// Where the same API answers over TLS (the KPL knows no other way); needs --tls-cert and --tls-key
    #[arg(long, value_name = "HOST:PORT", env = "ANABRANCH_TLS_LISTEN", value_parser = parse_listen)]
    tls_listen: Option<SocketAddr>,

    /// The TLS certificate chain, PEM, leaf first; read again when it changes
    #[arg(long, value_name = "FILE", env = "ANABRANCH_TLS_CERT")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE", env = "ANABRANCH_TLS_KEY")]
    tls_key: Option<PathBuf>,

    /// Where /healthz, /readyz and /metrics answer, or `off`
    #[arg(long, value_name = "HOST:PORT", env = "ANABRANCH_ADMIN_LISTEN", default_value = "127.0.0.1:9567", value_parser = parse_optional_listen)]
    pub(super) admin_listen: OptionalListen,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Storage")]
pub(super) struct StorageArgs {
    /// The directory of everything that survives a restart; made if missing
    #[arg(
        long,
        value_name = "DIR",
        env = "ANABRANCH_DATA_DIR",
        default_value = "anabranch-data"
    )]
    pub(super) data_dir: PathBuf,

    /// A directory of DataStream manifests (YAML) to apply at the start, as kubectl apply would
    #[arg(long, value_name = "DIR", env = "ANABRANCH_MANIFESTS")]
    manifests: Option<PathBuf>,

    /// Memory for the newest records of all shards, which are then read without touching the disk
    #[arg(long, value_name = "SIZE", env = "ANABRANCH_TAIL_CACHE_BYTES", default_value = "64MiB", value_parser = parse_bytes)]
    tail_cache_bytes: u64,

    /// Memory for blocks read back from the disk
    #[arg(long, value_name = "SIZE", env = "ANABRANCH_BLOCK_CACHE_BYTES", default_value = "16MiB", value_parser = parse_bytes)]
    block_cache_bytes: u64,

    /// Free disk space below which writes are refused (reads, trims and deletes go on), at least 128MiB [default: 5 % of
    /// the disk, within 256MiB and 1GiB]
    #[arg(long, value_name = "SIZE", env = "ANABRANCH_RESERVE_BYTES", value_parser = parse_bytes)]
    reserve_bytes: Option<u64>,

    /// How often expired records are looked for and their space given back
    #[arg(long, value_name = "TIME", env = "ANABRANCH_RETENTION_INTERVAL", default_value = "60s", value_parser = parse_duration)]
    retention_interval: Duration,

    /// Bytes a second at which stored records are read again to find damage on the disk, 0 for never. In a cluster, what is
    /// damaged is replaced from another replica
    #[arg(long, value_name = "SIZE", env = "ANABRANCH_SCRUB_RATE", default_value = "4MiB", value_parser = parse_bytes)]
    scrub_rate: u64,

    /// Pause before everything is read again once it was read
    #[arg(long, value_name = "TIME", env = "ANABRANCH_SCRUB_INTERVAL", default_value = "24h", value_parser = parse_duration)]
    scrub_interval: Duration,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Autoscaling")]
pub(super) struct AutoscalingArgs {
    /// Leave the shards of all streams as they are, also of on-demand ones and of those whose manifest has `autoscaling`
    #[arg(
        long, value_name = "true|false", env = "ANABRANCH_NO_AUTOSCALING", default_value = "false",
        default_missing_value = "true", num_args = 0..=1, require_equals = true, hide_possible_values = true,
        value_parser = BoolishValueParser::new()
    )]
    no_autoscaling: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Who may call")]
pub(super) struct AccessArgs {
    /// Let anybody in with any credentials or none, as emulators do
    #[arg(
        long, value_name = "true|false", env = "ANABRANCH_ALLOW_ANONYMOUS", default_value = "false",
        default_missing_value = "true", num_args = 0..=1, require_equals = true, hide_possible_values = true,
        value_parser = BoolishValueParser::new()
    )]
    allow_anonymous: bool,

    /// Access keys, and what each may do; every signature (SigV4) is then verified
    #[arg(long, value_name = "FILE", env = "ANABRANCH_CREDENTIALS")]
    credentials: Option<PathBuf>,

    /// The furthest that a signed request's date may be from this machine's clock
    #[arg(long, value_name = "TIME", env = "ANABRANCH_CLOCK_SKEW_MAX", default_value = "15m", value_parser = parse_duration)]
    pub(super) clock_skew_max: Duration,

    /// Keys for encryption at rest, YAML [default: encryption-keys.yaml in the data directory, made at the first start]
    #[arg(long, value_name = "FILE", env = "ANABRANCH_ENCRYPTION_KEYS")]
    pub(super) encryption_keys: Option<PathBuf>,

    /// The account that ARNs name
    #[arg(long, value_name = "12 DIGITS", env = "ANABRANCH_ACCOUNT_ID", default_value = "000000000000", value_parser = parse_account_id)]
    pub(super) account_id: String,

    /// The region that ARNs name and that signatures must be scoped to
    #[arg(
        long,
        value_name = "NAME",
        env = "ANABRANCH_REGION",
        default_value = "us-east-1"
    )]
    pub(super) region: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What this process holds at once, whatever clients do")]
pub(super) struct BoundArgs {
    /// Open connections; further ones wait in the system's backlog
    #[arg(
        long,
        value_name = "COUNT",
        env = "ANABRANCH_MAX_CONNECTIONS",
        default_value_t = 16_384
    )]
    max_connections: usize,

    /// Bytes of request bodies held at once; a request beyond waits for others to finish
    #[arg(long, value_name = "SIZE", env = "ANABRANCH_MAX_INFLIGHT_BYTES", default_value = "256MiB", value_parser = parse_bytes)]
    max_inflight_bytes: u64,

    /// SubscribeToShard streams open at once
    #[arg(
        long,
        value_name = "COUNT",
        env = "ANABRANCH_MAX_SUBSCRIPTIONS",
        default_value_t = 10_000
    )]
    max_subscriptions: usize,

    /// Time for the head of a request to arrive
    #[arg(long, value_name = "TIME", env = "ANABRANCH_REQUEST_HEAD_TIMEOUT", default_value = "10s", value_parser = parse_duration)]
    request_head_timeout: Duration,

    /// Time for the body of a request to arrive
    #[arg(long, value_name = "TIME", env = "ANABRANCH_REQUEST_BODY_TIMEOUT", default_value = "60s", value_parser = parse_duration)]
    request_body_timeout: Duration,

    /// Time that a connection may stay silent between requests
    #[arg(long, value_name = "TIME", env = "ANABRANCH_IDLE_TIMEOUT", default_value = "10m", value_parser = parse_duration)]
    idle_timeout: Duration,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "The process")]
pub(super) struct ProcessArgs {
    /// How log lines look
    #[arg(
        long,
        value_name = "text|json",
        env = "ANABRANCH_LOG_FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub(super) log_format: LogFormat,

    /// Which log lines are written: a level, or levels by module such as `info,anabranch::gateway=debug`
    #[arg(
        long,
        value_name = "FILTER",
        env = "ANABRANCH_LOG",
        default_value = "info,openraft=warn"
    )]
    pub(super) log: String,

    /// How long a stop on SIGTERM or ^C waits for requests in flight
    #[arg(long, value_name = "TIME", env = "ANABRANCH_SHUTDOWN_GRACE", default_value = "5s", value_parser = parse_duration)]
    pub(super) shutdown_grace: Duration,

    /// Threads that run requests [default: one a processor; of `shard`, one for two processors]
    #[arg(long, value_name = "COUNT", env = "ANABRANCH_WORKER_THREADS")]
    pub(super) worker_threads: Option<usize>,
}

/// The config file that the command line or the environment names, if the command has one.
pub(super) fn config_path(matches: &ArgMatches) -> Option<PathBuf> {
    let (name, matches) = matches.subcommand()?;
    if name == "standalone" {
        matches.get_one::<PathBuf>("config").cloned()
    } else {
        None
    }
}

/// Every key that a config file may hold: the long flags, but for `--config` itself.
pub(super) fn setting_names() -> Vec<String> {
    StandaloneArgs::augment_args(clap::Command::new("standalone"))
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .filter(|name| *name != "config")
        .map(str::to_owned)
        .collect()
}

pub(super) fn run(args: StandaloneArgs) -> Result<Outcome, Failure> {
    let options = args.into_options()?;
    block_on(options.worker_threads, crate::standalone::run(options))
}

/// Runs a server's process to its end.
pub(super) fn block_on(
    worker_threads: Option<usize>,
    process: impl Future<Output = anyhow::Result<()>>,
) -> Result<Outcome, Failure> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = worker_threads {
        runtime.worker_threads(threads.max(1));
    }
    runtime.enable_all().build()?.block_on(process)?;
    Ok(Outcome::Done)
}

impl StandaloneArgs {
    /// The choices as values; what only makes sense together is checked here, whichever way each part came.
    fn into_options(self) -> Result<StandaloneOptions, Failure> {
        Ok(StandaloneOptions {
            listen: self.listeners.listen,
            tls: self.listeners.tls()?,
            admin_listen: self.listeners.admin_listen.0,
            data_dir: self.storage.data_dir.clone(),
            manifests: self.storage.manifests.clone(),
            autoscaling: !self.autoscaling.no_autoscaling,
            authentication: self.access.authentication()?,
            account_id: self.access.account_id,
            region: self.access.region,
            clock_skew_max: self.access.clock_skew_max,
            encryption_keys: self.access.encryption_keys,
            limits: self.limits.into_options(),
            bounds: self.bounds.into_options(),
            storage: self.storage.into_options()?,
            log: self.process.log(),
            shutdown_grace: self.process.shutdown_grace,
            worker_threads: self.process.worker_threads,
        })
    }
}

impl ListenerArgs {
    pub(super) fn tls(&self) -> Result<Option<TlsOptions>, Failure> {
        match (self.tls_listen, &self.tls_cert, &self.tls_key) {
            (Some(listen), Some(certificate), Some(key)) => Ok(Some(TlsOptions {
                listen,
                certificate: certificate.clone(),
                key: key.clone(),
            })),
            (None, None, None) => Ok(None),
            _ => Err(Failure::usage(
                "TLS takes all three of --tls-listen, --tls-cert and --tls-key",
            )),
        }
    }
}

impl AccessArgs {
    /// Who may call, if that was said.
    pub(super) fn authentication_if_said(&self) -> Result<Option<Authentication>, Failure> {
        if self.credentials.is_none() && !self.allow_anonymous {
            return Ok(None);
        }
        self.authentication().map(Some)
    }

    pub(super) fn authentication(&self) -> Result<Authentication, Failure> {
        match (&self.credentials, self.allow_anonymous) {
            (Some(path), false) => Ok(Authentication::Credentials(path.clone())),
            (None, true) => Ok(Authentication::Anonymous),
            (None, false) => Err(Failure::usage(
                "who may call? Give --credentials FILE with access keys, or --allow-anonymous to let anybody in (on a laptop)",
            )),
            (Some(_), true) => Err(Failure::usage(
                "--credentials and --allow-anonymous contradict each other: one verifies every caller, the other none",
            )),
        }
    }
}

impl ProcessArgs {
    pub(super) fn log(&self) -> LogOptions {
        LogOptions {
            format: self.log_format,
            filter: self.log.clone(),
        }
    }
}

impl BoundArgs {
    pub(super) fn into_options(self) -> BoundOptions {
        BoundOptions {
            connections: self.max_connections,
            inflight_request_bytes: self.max_inflight_bytes,
            request_head_timeout: self.request_head_timeout,
            request_body_timeout: self.request_body_timeout,
            idle_timeout: self.idle_timeout,
            subscriptions: self.max_subscriptions,
        }
    }
}

impl StorageArgs {
    pub(super) fn into_options(self) -> Result<StorageOptions, Failure> {
        let least = StorageOptions::reserve_bytes_min();
        if let Some(bytes) = self.reserve_bytes.filter(|bytes| *bytes < least) {
            return Err(Failure::usage(format!(
                "--reserve-bytes {bytes} is too little: what frees a full disk needs room for itself, at least {}MiB ({least} \
                 bytes)",
                least >> 20
            )));
        }
        Ok(StorageOptions {
            tail_cache_bytes: self.tail_cache_bytes,
            block_cache_bytes: self.block_cache_bytes,
            reserve_bytes: self.reserve_bytes,
            retention_interval: self.retention_interval,
            scrub: ScrubOptions {
                bytes_per_second: self.scrub_rate,
                every: self.scrub_interval,
            },
        })
    }
}

#[cfg(test)]
#[path = "standalone_test.rs"]
mod tests;
