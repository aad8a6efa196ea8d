//! `PutResourcePolicy`: sets the policy of a stream or consumer.

use crate::structure::structure;

structure! {
    /// Sets the policy of a stream or consumer.
    PutResourcePolicyInput {
        /// The ARN of the stream or consumer.
        resource_arn: String = "ResourceARN": RESOURCE_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// The policy, a JSON document.
        policy: String = "Policy": POLICY,
    }
}
