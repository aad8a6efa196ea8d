//! `RemoveTagsFromStream`: removes tags of a stream.

use crate::structure::structure;

structure! {
    /// Removes tags of a stream.
    RemoveTagsFromStreamInput {
        /// The keys of the tags.
        tag_keys: Vec<String> = "TagKeys": TAG_KEY_LIST,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
