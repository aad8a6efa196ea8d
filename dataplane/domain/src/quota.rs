//! Every limit of AWS that is a number, each with the page that states it, and [`Limits`]: which of them hold here.
//!
//! A constant that is part of what things are (256 characters of a key, 24 hours) holds always. What an account, a shard or a
//! request may use is in `Limits`: AWS's numbers by default, each one's to change; those of accounts and shards are none at
//! all with [`Limits::unlimited`].
//!
//! Pages: [quotas](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html) and the API reference
//! of the operation that is named.

/// Hours that a record is kept, at least. `DecreaseStreamRetentionPeriod`.
pub const RETENTION_HOURS_MIN: u32 = 24;
/// Hours that a record is kept, at most: 365 days. `IncreaseStreamRetentionPeriod`.
pub const RETENTION_HOURS_MAX: u32 = 8_760;
/// The largest record that a new stream takes, in KiB. `CreateStream`.
pub const RECORD_SIZE_KIB_DEFAULT: u32 = 1_024;
/// The least `MaxRecordSizeInKiB`. `UpdateMaxRecordSize`.
pub const RECORD_SIZE_KIB_MIN: u32 = 1_024;
/// The greatest `MaxRecordSizeInKiB`. `UpdateMaxRecordSize`.
pub const RECORD_SIZE_KIB_MAX: u32 = 10_240;
/// Records in one `PutRecords`.
pub const PUT_RECORDS_COUNT_MAX: u32 = 500;
/// Data and keys in one `PutRecords`.
pub const PUT_RECORDS_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Characters in a partition key. `PutRecord`.
pub const PARTITION_KEY_CHARS_MAX: usize = 256;
/// Records in one answer of `GetRecords`; also the default of its `Limit`.
pub const GET_RECORDS_COUNT_MAX: u32 = 10_000;
/// Data in one answer of `GetRecords`.
pub const GET_RECORDS_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Tags on one stream or consumer. `TagResource`.
pub const TAGS_PER_RESOURCE_MAX: usize = 50;
/// Shards that an on-demand stream begins with. Quotas page: 4 MB/s at birth.
pub const ON_DEMAND_SHARD_COUNT_DEFAULT: u32 = 4;
/// Shards that an on-demand stream grows to. Quotas page: 200 MB/s of writes in the large regions.
pub const ON_DEMAND_SHARD_COUNT_MAX: u32 = 200;
/// Finished reshards that are kept for each stream. Ours: AWS shows none.
pub const RESHARD_HISTORY_MAX: usize = 32;
/// Splits and merges of one stream that run at once. Ours: enough to double 64 shards in a few turns, few enough that
/// only a small part of a stream's puts wait at any time.
pub const RESHARD_OPERATIONS_AT_ONCE_MAX: usize = 16;

/// Boundaries that one reshard adds and removes. Ours: what an object of it may hold, 40 bytes each.
pub const RECUT_BOUNDARIES_MAX: usize = 512;

/// Which limits hold for an account and its shards. `None`: no such limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open shards in the account. Quotas page: 20,000 in the large regions, 1,000 or 6,000 elsewhere.
    pub shards_per_account: Option<u32>,
    /// On-demand streams in the account. Quotas page.
    pub on_demand_streams_per_account: Option<u32>,
    /// Streams that are being created at one time. `CreateStream`.
    pub creating_streams: Option<u32>,
    /// Shards of one stream that `UpdateShardCount` scales to.
    pub shards_per_stream: Option<u32>,
    /// Uses of `UpdateShardCount` for one stream in 24 hours.
    pub shard_count_updates_per_day: Option<u32>,
    /// By how much `UpdateShardCount` scales at one time: up to the current count times this, down to the count over it.
    pub shard_count_update_factor: Option<u32>,
    /// Switches of one stream's mode in 24 hours. Quotas page.
    pub mode_switches_per_day: Option<u32>,
    /// Keys that are set for one stream in 24 hours, and as often taken away. `StartStreamEncryption`.
    pub encryption_changes_per_day: Option<u32>,
    /// Warm throughput of one stream, in MiB/s. `UpdateStreamWarmThroughput`: 10 GiB/s.
    pub warm_throughput_mibps: Option<u32>,
    /// Consumers of one stream. `RegisterStreamConsumer`.
    pub consumers_per_stream: Option<u32>,
    /// Consumers of one on-demand stream of an account with a billing commitment. `RegisterStreamConsumer`.
    pub consumers_per_advantage_stream: Option<u32>,
    /// Consumers of one stream that are being registered at one time. `RegisterStreamConsumer`.
    pub creating_consumers: Option<u32>,
    /// What one shard takes and gives.
    pub shard: ShardLimits,
    /// What one request may hold.
    pub request: RequestLimits,
}

/// What one request may hold, and one answer. `None`: as much as the process holds at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Records in one `PutRecords`.
    pub put_records_count: Option<u32>,
    /// Data and keys in one `PutRecords`.
    pub put_records_bytes: Option<u64>,
    /// Records in one answer of `GetRecords`.
    pub get_records_count: Option<u32>,
    /// Data in one answer of `GetRecords`.
    pub get_records_bytes: Option<u64>,
    /// The largest record of a stream that is made without saying. `None`: as large as any may be.
    pub new_stream_record_kib: Option<u32>,
}

impl RequestLimits {
    /// AWS's numbers.
    pub const fn aws() -> Self {
        Self {
            put_records_count: Some(PUT_RECORDS_COUNT_MAX),
            put_records_bytes: Some(PUT_RECORDS_BYTES_MAX),
            get_records_count: Some(GET_RECORDS_COUNT_MAX),
            get_records_bytes: Some(GET_RECORDS_BYTES_MAX),
            new_stream_record_kib: Some(RECORD_SIZE_KIB_DEFAULT),
        }
    }
}

/// What one shard takes and gives. `None`: as much as the machine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardLimits {
    /// Data and keys written a second. Quotas page: 1 MiB/s.
    pub write_bytes_per_sec: Option<u64>,
    /// Records written a second. Quotas page: 1,000.
    pub write_records_per_sec: Option<u64>,
    /// Data read by `GetRecords` a second. Quotas page: 2 MiB/s.
    pub read_bytes_per_sec: Option<u64>,
    /// Calls of `GetRecords` a second. Quotas page: 5.
    pub read_calls_per_sec: Option<u64>,
    /// Calls of `GetShardIterator` a second. `GetShardIterator`: 5.
    pub iterator_calls_per_sec: Option<u64>,
    /// Data pushed to each consumer a second. `SubscribeToShard`: 2 MiB/s.
    pub fan_out_bytes_per_sec: Option<u64>,
}

impl Limits {
    /// AWS's numbers for its largest regions.
    pub const fn aws() -> Self {
        Self {
            shards_per_account: Some(20_000),
            on_demand_streams_per_account: Some(50),
            creating_streams: Some(5),
            shards_per_stream: Some(10_000),
            shard_count_updates_per_day: Some(10),
            shard_count_update_factor: Some(2),
            mode_switches_per_day: Some(2),
            encryption_changes_per_day: Some(25),
            warm_throughput_mibps: Some(10 * 1024),
            consumers_per_stream: Some(20),
            consumers_per_advantage_stream: Some(50),
            creating_consumers: Some(5),
            shard: ShardLimits::aws(),
            request: RequestLimits::aws(),
        }
    }

    /// None at all, but for the form of a request: clients rely on being told.
    pub const fn unlimited() -> Self {
        Self {
            shards_per_account: None,
            on_demand_streams_per_account: None,
            creating_streams: None,
            shards_per_stream: None,
            shard_count_updates_per_day: None,
            shard_count_update_factor: None,
            mode_switches_per_day: None,
            encryption_changes_per_day: None,
            warm_throughput_mibps: None,
            consumers_per_stream: None,
            consumers_per_advantage_stream: None,
            creating_consumers: None,
            shard: ShardLimits::unlimited(),
            request: RequestLimits::aws(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::aws()
    }
}

impl ShardLimits {
    /// AWS's numbers.
    pub const fn aws() -> Self {
        Self {
            write_bytes_per_sec: Some(1024 * 1024),
            write_records_per_sec: Some(1_000),
            read_bytes_per_sec: Some(2 * 1024 * 1024),
            read_calls_per_sec: Some(5),
            iterator_calls_per_sec: Some(5),
            fan_out_bytes_per_sec: Some(2 * 1024 * 1024),
        }
    }

    /// None at all.
    pub const fn unlimited() -> Self {
        Self {
            write_bytes_per_sec: None,
            write_records_per_sec: None,
            read_bytes_per_sec: None,
            read_calls_per_sec: None,
            iterator_calls_per_sec: None,
            fan_out_bytes_per_sec: None,
        }
    }
}

impl Default for ShardLimits {
    fn default() -> Self {
        Self::aws()
    }
}
