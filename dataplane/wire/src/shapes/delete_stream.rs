//! `DeleteStream`: deletes a stream with its records.

use crate::structure::structure;

structure! {
    /// Deletes a stream with its records.
    DeleteStreamInput {
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// Deletes the stream's consumers too.
        enforce_consumer_deletion: Option<bool> = "EnforceConsumerDeletion": BOOLEAN_OBJECT,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
