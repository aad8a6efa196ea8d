//! `AddTagsToStream`: adds or replaces tags of a stream.

use crate::structure::structure;
use std::collections::BTreeMap;

structure! {
    /// Adds or replaces tags of a stream.
    AddTagsToStreamInput {
        /// The tags.
        tags: BTreeMap<String, String> = "Tags": TAG_MAP,
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
