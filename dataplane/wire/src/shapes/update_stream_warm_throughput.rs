//! `UpdateStreamWarmThroughput`: changes the throughput that a stream is ready for.

use crate::shapes::WarmThroughputObject;
use crate::structure::structure;

structure! {
    /// Changes the throughput that a stream is ready for.
    UpdateStreamWarmThroughputInput {
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// The throughput to be ready for, in MiB/s.
        warm_throughput_mibps: i32 = "WarmThroughputMiBps": NATURAL_INTEGER_OBJECT,
    }
}

structure! {
    /// What `UpdateStreamWarmThroughput` answers.
    UpdateStreamWarmThroughputOutput {
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME,
        /// The throughput that the stream is ready for.
        warm_throughput: Option<WarmThroughputObject> = "WarmThroughput": WARM_THROUGHPUT_OBJECT,
    }
}
