//! The limits of this node: AWS's, each as it was set or lifted.

use anabranch_domain::quota::Limits;

use super::options::{LimitOptions, LimitSetting};
use crate::throttling::CallRates;

/// What an account, a shard and a request may use.
pub(crate) fn limits(options: &LimitOptions) -> Limits {
    let mut limits = if options.unlimited {
        Limits::unlimited()
    } else {
        account_and_shard(options)
    };
    let request = &mut limits.request;
    set(options.put_records_count, &mut request.put_records_count);
    set(options.put_records_bytes, &mut request.put_records_bytes);
    set(options.get_records_count, &mut request.get_records_count);
    set(options.get_records_bytes, &mut request.get_records_bytes);
    set(
        options.new_stream_record_kib,
        &mut request.new_stream_record_kib,
    );
    limits
}

fn account_and_shard(options: &LimitOptions) -> Limits {
    let mut limits = Limits::aws();
    set(options.shards_per_account, &mut limits.shards_per_account);
    set(options.shards_per_stream, &mut limits.shards_per_stream);
    set(
        options.on_demand_streams_per_account,
        &mut limits.on_demand_streams_per_account,
    );
    set(options.creating_streams, &mut limits.creating_streams);
    set(
        options.shard_count_updates_per_day,
        &mut limits.shard_count_updates_per_day,
    );
    set(
        options.shard_count_update_factor,
        &mut limits.shard_count_update_factor,
    );
    set(
        options.mode_switches_per_day,
        &mut limits.mode_switches_per_day,
    );
    set(
        options.encryption_changes_per_day,
        &mut limits.encryption_changes_per_day,
    );
    set(
        options.warm_throughput_mibps,
        &mut limits.warm_throughput_mibps,
    );
    set(
        options.consumers_per_stream,
        &mut limits.consumers_per_stream,
    );
    set(
        options.consumers_per_advantage_stream,
        &mut limits.consumers_per_advantage_stream,
    );
    set(options.creating_consumers, &mut limits.creating_consumers);
    let shard = &mut limits.shard;
    set(
        options.shard_write_bytes_per_second,
        &mut shard.write_bytes_per_sec,
    );
    set(
        options.shard_write_records_per_second,
        &mut shard.write_records_per_sec,
    );
    set(
        options.shard_read_bytes_per_second,
        &mut shard.read_bytes_per_sec,
    );
    set(
        options.shard_read_calls_per_second,
        &mut shard.read_calls_per_sec,
    );
    set(
        options.shard_iterator_calls_per_second,
        &mut shard.iterator_calls_per_sec,
    );
    set(
        options.shard_fan_out_bytes_per_second,
        &mut shard.fan_out_bytes_per_sec,
    );
    limits
}

/// How often the control plane may be called.
pub(crate) fn call_rates(options: &LimitOptions) -> CallRates {
    if options.control_plane && !options.unlimited {
        CallRates::enforced()
    } else {
        CallRates::unlimited()
    }
}

fn set<T>(setting: Option<LimitSetting<T>>, limit: &mut Option<T>) {
    match setting {
        Some(LimitSetting::At(value)) => *limit = Some(value),
        Some(LimitSetting::Off) => *limit = None,
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_set_and_lifted_alone_and_all_are_lifted_at_once() {
        assert_eq!(limits(&LimitOptions::default()), Limits::aws());
        let some = LimitOptions {
            shard_read_calls_per_second: Some(LimitSetting::At(50)),
            shard_write_bytes_per_second: Some(LimitSetting::Off),
            creating_streams: Some(LimitSetting::Off),
            ..LimitOptions::default()
        };
        let mut expected = Limits::aws();
        expected.shard.read_calls_per_sec = Some(50);
        expected.shard.write_bytes_per_sec = None;
        expected.creating_streams = None;
        assert_eq!(limits(&some), expected);
        let all = LimitOptions {
            unlimited: true,
            ..some
        };
        assert_eq!(limits(&all), Limits::unlimited());
    }

    #[test]
    fn what_a_request_may_hold_is_set_also_where_everything_else_is_lifted() {
        let options = LimitOptions {
            unlimited: true,
            put_records_count: Some(LimitSetting::Off),
            get_records_count: Some(LimitSetting::At(10)),
            ..LimitOptions::default()
        };
        let request = limits(&options).request;
        assert_eq!(request.put_records_count, None);
        assert_eq!(request.get_records_count, Some(10));
        assert_eq!(request.put_records_bytes, Some(10 << 20));
    }

    #[test]
    fn call_rates_hold_where_they_are_asked_for_and_nothing_lifts_them() {
        let enforced = |control_plane, unlimited| {
            let options = LimitOptions {
                unlimited,
                control_plane,
                ..LimitOptions::default()
            };
            call_rates(&options).are_enforced()
        };
        assert!(!enforced(false, false));
        assert!(enforced(true, false));
        assert!(!enforced(true, true));
    }
}
