//! `UpdateMaxRecordSize`: changes the largest record that a stream takes.

use crate::structure::structure;

structure! {
    /// Changes the largest record that a stream takes.
    UpdateMaxRecordSizeInput {
        /// The ARN of the stream.
        stream_arn: String = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// The largest record, key included, in KiB.
        max_record_size_in_kib: i32 = "MaxRecordSizeInKiB": MAX_RECORD_SIZE_IN_KIB,
    }
}
