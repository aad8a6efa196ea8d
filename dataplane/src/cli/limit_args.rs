//! The flags of AWS's limits: each takes a number or `off`, and one lifts all of them.

use clap::Args;
use clap::builder::BoolishValueParser;

use super::units::{parse_count_limit, parse_record_kib, parse_size_limit};
use crate::standalone::options::{LimitOptions, LimitSetting};

#[derive(Debug, Args)]
#[command(next_help_heading = "AWS's limits (each keeps AWS's number unless set; `off` lifts it)")]
pub(super) struct LimitArgs {
    /// Lift all of AWS's rate limits and quotas; its limits on one request stay unless each is set, since clients rely on
    /// them
    #[arg(
        long, value_name = "true|false", env = "ANABRANCH_NO_LIMITS", default_value = "false",
        default_missing_value = "true", num_args = 0..=1, require_equals = true, hide_possible_values = true,
        value_parser = BoolishValueParser::new()
    )]
    no_limits: bool,

    /// Hold AWS's rates of control-plane calls too (5 CreateStream a second, 10 DescribeStream, ...): off unless asked
    /// for, because test suites call faster
    #[arg(
        long, value_name = "true|false", env = "ANABRANCH_CONTROL_PLANE_LIMITS", default_value = "false",
        default_missing_value = "true", num_args = 0..=1, require_equals = true, hide_possible_values = true,
        value_parser = BoolishValueParser::new()
    )]
    control_plane_limits: bool,

    /// What one shard takes in a second [AWS: 1MiB]
    #[arg(long, value_name = "SIZE|off", env = "ANABRANCH_SHARD_WRITE_BYTES_PER_SECOND", value_parser = parse_size_limit)]
    shard_write_bytes_per_second: Option<LimitSetting<u64>>,

    /// How many records one shard takes in a second [AWS: 1000]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_SHARD_WRITE_RECORDS_PER_SECOND", value_parser = parse_count_limit::<u64>)]
    shard_write_records_per_second: Option<LimitSetting<u64>>,

    /// What one shard gives to GetRecords in a second, all readers together [AWS: 2MiB]
    #[arg(long, value_name = "SIZE|off", env = "ANABRANCH_SHARD_READ_BYTES_PER_SECOND", value_parser = parse_size_limit)]
    shard_read_bytes_per_second: Option<LimitSetting<u64>>,

    /// How often a second GetRecords may be called on one shard [AWS: 5]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_SHARD_READ_CALLS_PER_SECOND", value_parser = parse_count_limit::<u64>)]
    shard_read_calls_per_second: Option<LimitSetting<u64>>,

    /// How often a second GetShardIterator may be called on one shard [AWS: 5]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_SHARD_ITERATOR_CALLS_PER_SECOND", value_parser = parse_count_limit::<u64>)]
    shard_iterator_calls_per_second: Option<LimitSetting<u64>>,

    /// What one shard pushes to each enhanced fan-out consumer in a second [AWS: 2MiB]
    #[arg(long, value_name = "SIZE|off", env = "ANABRANCH_SHARD_FAN_OUT_BYTES_PER_SECOND", value_parser = parse_size_limit)]
    shard_fan_out_bytes_per_second: Option<LimitSetting<u64>>,

    /// Open shards in the account [AWS: 20000]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_SHARDS_PER_ACCOUNT", value_parser = parse_count_limit::<u32>)]
    shards_per_account: Option<LimitSetting<u32>>,

    /// Shards of one stream that UpdateShardCount scales to [AWS: 10000]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_SHARDS_PER_STREAM", value_parser = parse_count_limit::<u32>)]
    shards_per_stream: Option<LimitSetting<u32>>,

    /// On-demand streams in the account [AWS: 50]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_ON_DEMAND_STREAMS_PER_ACCOUNT", value_parser = parse_count_limit::<u32>)]
    on_demand_streams_per_account: Option<LimitSetting<u32>>,

    /// Streams that are being created at one time [AWS: 5]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_CREATING_STREAMS", value_parser = parse_count_limit::<u32>)]
    creating_streams: Option<LimitSetting<u32>>,

    /// UpdateShardCount calls on one stream in 24 hours [AWS: 10]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_SHARD_COUNT_UPDATES_PER_DAY", value_parser = parse_count_limit::<u32>)]
    shard_count_updates_per_day: Option<LimitSetting<u32>>,

    /// By what UpdateShardCount may multiply or divide at one time [AWS: 2]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_SHARD_COUNT_UPDATE_FACTOR", value_parser = parse_count_limit::<u32>)]
    shard_count_update_factor: Option<LimitSetting<u32>>,

    /// Switches of one stream between provisioned and on-demand in 24 hours [AWS: 2]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_MODE_SWITCHES_PER_DAY", value_parser = parse_count_limit::<u32>)]
    mode_switches_per_day: Option<LimitSetting<u32>>,

    /// StartStreamEncryption, and as often StopStreamEncryption, of one stream in 24 hours [AWS: 25]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_ENCRYPTION_CHANGES_PER_DAY", value_parser = parse_count_limit::<u32>)]
    encryption_changes_per_day: Option<LimitSetting<u32>>,

    /// Warm throughput of one stream, in MiB/s [AWS: 10240]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_WARM_THROUGHPUT_MIBPS", value_parser = parse_count_limit::<u32>)]
    warm_throughput_mibps: Option<LimitSetting<u32>>,

    /// Enhanced fan-out consumers of one stream [AWS: 20]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_CONSUMERS_PER_STREAM", value_parser = parse_count_limit::<u32>)]
    consumers_per_stream: Option<LimitSetting<u32>>,

    /// The same of an on-demand stream in an account with a billing commitment [AWS: 50]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_CONSUMERS_PER_ADVANTAGE_STREAM", value_parser = parse_count_limit::<u32>)]
    consumers_per_advantage_stream: Option<LimitSetting<u32>>,

    /// Consumers of one stream that are being registered at one time [AWS: 5]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_CREATING_CONSUMERS", value_parser = parse_count_limit::<u32>)]
    creating_consumers: Option<LimitSetting<u32>>,

    /// Records in one PutRecords [AWS: 500]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_PUT_RECORDS_COUNT", value_parser = parse_count_limit::<u32>)]
    put_records_count: Option<LimitSetting<u32>>,

    /// Data and keys in one PutRecords; a body has at most 16MiB on the wire all the same [AWS: 10MiB]
    #[arg(long, value_name = "SIZE|off", env = "ANABRANCH_PUT_RECORDS_BYTES", value_parser = parse_size_limit)]
    put_records_bytes: Option<LimitSetting<u64>>,

    /// Records in one answer of GetRecords [AWS: 10000]
    #[arg(long, value_name = "COUNT|off", env = "ANABRANCH_GET_RECORDS_COUNT", value_parser = parse_count_limit::<u32>)]
    get_records_count: Option<LimitSetting<u32>>,

    /// Data in one answer of GetRecords, which has at most 64MiB all the same [AWS: 10MiB]
    #[arg(long, value_name = "SIZE|off", env = "ANABRANCH_GET_RECORDS_BYTES", value_parser = parse_size_limit)]
    get_records_bytes: Option<LimitSetting<u64>>,

    /// The largest record of a stream that is made without MaxRecordSizeInKiB, 1024 to 10240 [AWS: 1024]
    #[arg(long, value_name = "KIB|off", env = "ANABRANCH_NEW_STREAM_RECORD_KIB", value_parser = parse_record_kib)]
    new_stream_record_kib: Option<LimitSetting<u32>>,
}

impl LimitArgs {
    pub(super) fn into_options(self) -> LimitOptions {
        LimitOptions {
            unlimited: self.no_limits,
            control_plane: self.control_plane_limits,
            shard_write_bytes_per_second: self.shard_write_bytes_per_second,
            shard_write_records_per_second: self.shard_write_records_per_second,
            shard_read_bytes_per_second: self.shard_read_bytes_per_second,
            shard_read_calls_per_second: self.shard_read_calls_per_second,
            shard_iterator_calls_per_second: self.shard_iterator_calls_per_second,
            shard_fan_out_bytes_per_second: self.shard_fan_out_bytes_per_second,
            shards_per_account: self.shards_per_account,
            shards_per_stream: self.shards_per_stream,
            on_demand_streams_per_account: self.on_demand_streams_per_account,
            creating_streams: self.creating_streams,
            shard_count_updates_per_day: self.shard_count_updates_per_day,
            shard_count_update_factor: self.shard_count_update_factor,
            mode_switches_per_day: self.mode_switches_per_day,
            encryption_changes_per_day: self.encryption_changes_per_day,
            warm_throughput_mibps: self.warm_throughput_mibps,
            consumers_per_stream: self.consumers_per_stream,
            consumers_per_advantage_stream: self.consumers_per_advantage_stream,
            creating_consumers: self.creating_consumers,
            put_records_count: self.put_records_count,
            put_records_bytes: self.put_records_bytes,
            get_records_count: self.get_records_count,
            get_records_bytes: self.get_records_bytes,
            new_stream_record_kib: self.new_stream_record_kib,
        }
    }
}
