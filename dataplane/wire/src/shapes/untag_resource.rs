//! `UntagResource`: removes tags of a stream or consumer.

use crate::structure::structure;

structure! {
    /// Removes tags of a stream or consumer.
    UntagResourceInput {
        /// The keys of the tags.
        tag_keys: Vec<String> = "TagKeys": TAG_KEY_LIST,
        /// The ARN of the stream or consumer.
        resource_arn: String = "ResourceARN": RESOURCE_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
