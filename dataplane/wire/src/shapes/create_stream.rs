//! `CreateStream`: creates a stream.

use crate::shapes::StreamModeDetails;
use crate::structure::structure;
use std::collections::BTreeMap;

structure! {
    /// Creates a stream.
    CreateStreamInput {
        /// The number of shards; a stream with neither this nor a mode is on-demand.
        // Texts recorded before there was a choice of modes miss it together with the name; alone it has not been missed since.
        shard_count: Option<i32> = "ShardCount": CREATE_STREAM_SHARD_COUNT unless "StreamModeDetails" | "StreamName",
        /// The name of the stream.
        stream_name: String = "StreamName": STREAM_NAME,
        /// On-demand or provisioned.
        stream_mode_details: Option<StreamModeDetails> = "StreamModeDetails": STREAM_MODE_DETAILS,
        /// The tags.
        tags: Option<BTreeMap<String, String>> = "Tags": TAG_MAP,
        /// The throughput to be ready for, in MiB/s.
        warm_throughput_mibps: Option<i32> = "WarmThroughputMiBps": NATURAL_INTEGER_OBJECT,
        /// The largest record, key included, in KiB.
        max_record_size_in_kib: Option<i32> = "MaxRecordSizeInKiB": MAX_RECORD_SIZE_IN_KIB,
        /// By partition key, or as the service likes (`AUTO`).
        record_distribution_strategy: Option<String> = "RecordDistributionStrategy": RECORD_DISTRIBUTION_STRATEGY,
    }
}
