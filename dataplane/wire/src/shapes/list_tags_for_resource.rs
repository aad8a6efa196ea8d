//! `ListTagsForResource`: lists the tags of a stream or consumer.

use crate::shapes::Tag;
use crate::structure::structure;

structure! {
    /// Lists the tags of a stream or consumer.
    ListTagsForResourceInput {
        /// The ARN of the stream or consumer.
        resource_arn: String = "ResourceARN": RESOURCE_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}

structure! {
    /// What `ListTagsForResource` answers.
    ListTagsForResourceOutput {
        /// The tags.
        tags: Option<Vec<Tag>> = "Tags": TAG_LIST,
    }
}
