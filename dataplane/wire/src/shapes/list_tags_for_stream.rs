//! `ListTagsForStream`: lists the tags of a stream.

use crate::shapes::Tag;
use crate::structure::structure;

structure! {
    /// Lists the tags of a stream.
    ListTagsForStreamInput {
        /// The most to be returned.
        limit: Option<i32> = "Limit": LIST_TAGS_FOR_STREAM_INPUT_LIMIT,
        /// Starts after this key.
        exclusive_start_tag_key: Option<String> = "ExclusiveStartTagKey": TAG_KEY,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}

structure! {
    /// What `ListTagsForStream` answers.
    ListTagsForStreamOutput {
        /// The tags.
        tags: Vec<Tag> = "Tags": TAG_LIST,
        /// Whether there are more.
        has_more_tags: bool = "HasMoreTags": BOOLEAN_OBJECT,
    }
}
