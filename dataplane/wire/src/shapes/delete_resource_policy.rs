//! `DeleteResourcePolicy`: deletes the policy of a stream or consumer.

use crate::structure::structure;

structure! {
    /// Deletes the policy of a stream or consumer.
    DeleteResourcePolicyInput {
        /// The ARN of the stream or consumer.
        resource_arn: String = "ResourceARN": RESOURCE_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
