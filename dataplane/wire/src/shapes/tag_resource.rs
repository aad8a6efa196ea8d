//! `TagResource`: adds or replaces tags of a stream or consumer.

use crate::structure::structure;
use std::collections::BTreeMap;

structure! {
    /// Adds or replaces tags of a stream or consumer.
    TagResourceInput {
        /// The tags.
        tags: BTreeMap<String, String> = "Tags": TAG_MAP,
        /// The ARN of the stream or consumer.
        resource_arn: String = "ResourceARN": RESOURCE_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
