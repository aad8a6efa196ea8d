//! Everything that can be chosen about a standalone node, as plain values.
//!
//! The command line (`cli/standalone.rs`) is the only writer and the composition root the only reader: no other module
//! sees a flag, an environment variable or the config file. Values are already checked for form, not for existence: a
//! file named here may be missing, and opening it is where that is said.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anabranch_store::RocksOptions;

/// The choices of one `anabranch standalone` process.
#[derive(Debug, Clone, PartialEq)]
pub struct StandaloneOptions {
    /// Where the Kinesis API answers in plain text: HTTP/1.1 and HTTP/2 with prior knowledge.
    pub listen: SocketAddr,
    /// Where the same API answers over TLS, if anywhere.
    pub tls: Option<TlsOptions>,
    /// Where `/healthz`, `/readyz` and `/metrics` answer; `None` turns them off.
    pub admin_listen: Option<SocketAddr>,
    /// The directory that holds everything that survives a restart. Made if missing.
    pub data_dir: PathBuf,
    /// A directory of `DataStream` manifests (multi-document YAML) to apply at the start, as `kubectl apply` would.
    pub manifests: Option<PathBuf>,
    /// Whether shards of streams that ask for it follow their load.
    pub autoscaling: bool,
    /// The 12-digit account that ARNs name.
    pub account_id: String,
    /// The region that ARNs name and signatures must be scoped to.
    pub region: String,
    /// Who may call.
    pub authentication: Authentication,
    /// The furthest a signed request's date may be from this clock.
    pub clock_skew_max: Duration,
    /// Keys for encryption at rest; without them `StartStreamEncryption` is refused.
    pub encryption_keys: Option<PathBuf>,
    /// AWS's service limits, as changed by the operator.
    pub limits: LimitOptions,
    /// What this process will hold at once, whatever clients do.
    pub bounds: BoundOptions,
    /// How the store uses memory and disk.
    pub storage: StorageOptions,
    /// How log lines look and which are written.
    pub log: LogOptions,
    /// How long a graceful stop waits for requests in flight.
    pub shutdown_grace: Duration,
    /// Threads that run requests; `None` takes one a processor.
    pub worker_threads: Option<usize>,
}

/// A TLS listener; both files are PEM, and are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsOptions {
    /// Where it listens; ALPN offers `h2` and `http/1.1`.
    pub listen: SocketAddr,
    /// The certificate chain, leaf first.
    pub certificate: PathBuf,
    /// The private key of the leaf.
    pub key: PathBuf,
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// Anybody, with any credentials or none, as with an emulator. For a laptop.
    Anonymous,
    /// Holders of the access keys in this file; every signature is verified.
    Credentials(PathBuf),
}

/// One limit as somebody set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSetting<T> {
    /// This much.
    At(T),
    /// No limit.
    Off,
}

/// AWS's service limits. A field that is `None` keeps AWS's number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitOptions {
    /// Lifts every limit of accounts and shards at once; their fields then count for nothing.
    pub unlimited: bool,
    /// Whether AWS's rates of control-plane calls hold too, which are off by default.
    pub control_plane: bool,
    /// Bytes a second that one shard takes in (AWS: 1 MiB).
    pub shard_write_bytes_per_second: Option<LimitSetting<u64>>,
    /// Records a second that one shard takes in (AWS: 1,000).
    pub shard_write_records_per_second: Option<LimitSetting<u64>>,
    /// Bytes a second that one shard gives to `GetRecords` (AWS: 2 MiB).
    pub shard_read_bytes_per_second: Option<LimitSetting<u64>>,
    /// `GetRecords` calls a second on one shard (AWS: 5).
    pub shard_read_calls_per_second: Option<LimitSetting<u64>>,
    /// `GetShardIterator` calls a second on one shard (AWS: 5).
    pub shard_iterator_calls_per_second: Option<LimitSetting<u64>>,
    /// Bytes a second that one shard pushes to each consumer (AWS: 2 MiB).
    pub shard_fan_out_bytes_per_second: Option<LimitSetting<u64>>,
    /// Open shards in the account (AWS: 20,000 in the largest regions).
    pub shards_per_account: Option<LimitSetting<u32>>,
    /// Shards of one stream that `UpdateShardCount` scales to (AWS: 10,000).
    pub shards_per_stream: Option<LimitSetting<u32>>,
    /// On-demand streams in the account (AWS: 50).
    pub on_demand_streams_per_account: Option<LimitSetting<u32>>,
    /// Streams being created at one time (AWS: 5).
    pub creating_streams: Option<LimitSetting<u32>>,
    /// `UpdateShardCount` of one stream in 24 hours (AWS: 10).
    pub shard_count_updates_per_day: Option<LimitSetting<u32>>,
    /// By what `UpdateShardCount` multiplies or divides at most (AWS: 2).
    pub shard_count_update_factor: Option<LimitSetting<u32>>,
    /// Mode switches of one stream in 24 hours (AWS: 2).
    pub mode_switches_per_day: Option<LimitSetting<u32>>,
    /// Encryption changes of one stream in 24 hours (AWS: 25).
    pub encryption_changes_per_day: Option<LimitSetting<u32>>,
    /// Warm throughput of one stream in MiB/s (AWS: 10,240).
    pub warm_throughput_mibps: Option<LimitSetting<u32>>,
    /// Enhanced fan-out consumers of one stream (AWS: 20).
    pub consumers_per_stream: Option<LimitSetting<u32>>,
    /// The same of an on-demand stream with a billing commitment (AWS: 50).
    pub consumers_per_advantage_stream: Option<LimitSetting<u32>>,
    /// Records in one `PutRecords` (AWS: 500).
    pub put_records_count: Option<LimitSetting<u32>>,
    /// Data and keys in one `PutRecords` (AWS: 10 MiB).
    pub put_records_bytes: Option<LimitSetting<u64>>,
    /// Records in one answer of `GetRecords` (AWS: 10,000).
    pub get_records_count: Option<LimitSetting<u32>>,
    /// Data in one answer of `GetRecords` (AWS: 10 MiB).
    pub get_records_bytes: Option<LimitSetting<u64>>,
    /// The largest record, in KiB, of a stream that is made without saying (AWS: 1,024).
    pub new_stream_record_kib: Option<LimitSetting<u32>>,
    /// Consumers of one stream being registered at one time (AWS: 5).
    pub creating_consumers: Option<LimitSetting<u32>>,
}

/// Bounds on what clients can make this process hold. Each answers with AWS's error when it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundOptions {
    /// Open connections over both listeners.
    pub connections: usize,
    /// Bytes of request bodies held at once over all connections.
    pub inflight_request_bytes: u64,
    /// Time from a connection's first byte, or from the last answer, to a whole request head.
    pub request_head_timeout: Duration,
    /// Time for a request body to arrive once its head has.
    pub request_body_timeout: Duration,
    /// Time that a connection may stay silent between requests.
    pub idle_timeout: Duration,
    /// `SubscribeToShard` streams open at once.
    pub subscriptions: usize,
}

/// How the store uses memory and disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageOptions {
    /// Memory for the newest entries of all shards together: reads near the tip then touch no disk.
    pub tail_cache_bytes: u64,
    /// Memory for blocks read back from disk.
    pub block_cache_bytes: u64,
    /// Free space below which writes are refused, so that trimming and deleting still have room to work. `None` takes a
    /// share of the file system that suits its size.
    pub reserve_bytes: Option<u64>,
    /// How often expired records are looked for and given back to the file system.
    pub retention_interval: Duration,
    /// Looking for damage.
    pub scrub: ScrubOptions,
}

/// How all logs are read now and then, to see whether they still can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubOptions {
    /// Bytes read a second, on average; 0: never.
    pub bytes_per_second: u64,
    /// Pause after everything was read.
    pub every: Duration,
}

impl StorageOptions {
    /// The least reserve with which a full disk stays workable.
    pub fn reserve_bytes_min() -> u64 {
        RocksOptions::default().reserve_bytes_min()
    }
}

/// How log lines look and which are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// The shape of a line.
    pub format: LogFormat,
    /// A `tracing` filter, such as `info` or `info,anabranch::gateway=debug`.
    pub filter: String,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people: time, level, message, fields.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}
