//! `UpdateStreamMode`: turns a stream on-demand or provisioned.

use crate::shapes::StreamModeDetails;
use crate::structure::structure;

structure! {
    /// Turns a stream on-demand or provisioned.
    UpdateStreamModeInput {
        /// The ARN of the stream.
        stream_arn: String = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// On-demand or provisioned.
        stream_mode_details: StreamModeDetails = "StreamModeDetails": STREAM_MODE_DETAILS,
        /// The throughput to be ready for, in MiB/s.
        warm_throughput_mibps: Option<i32> = "WarmThroughputMiBps": NATURAL_INTEGER_OBJECT,
    }
}
