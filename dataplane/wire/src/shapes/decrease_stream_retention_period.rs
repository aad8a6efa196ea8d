//! `DecreaseStreamRetentionPeriod`: keeps records for a shorter time.

use crate::structure::structure;

structure! {
    /// Keeps records for a shorter time.
    DecreaseStreamRetentionPeriodInput {
        /// How long records are kept, in hours.
        retention_period_hours: i32 = "RetentionPeriodHours": RETENTION_PERIOD_HOURS,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
