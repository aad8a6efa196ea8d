//! `GetResourcePolicy`: tells the policy of a stream or consumer.

use crate::structure::structure;

structure! {
    /// Tells the policy of a stream or consumer.
    GetResourcePolicyInput {
        /// The ARN of the stream or consumer.
        resource_arn: String = "ResourceARN": RESOURCE_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}

structure! {
    /// What `GetResourcePolicy` answers.
    GetResourcePolicyOutput {
        /// The policy, a JSON document.
        policy: String = "Policy": POLICY,
    }
}
