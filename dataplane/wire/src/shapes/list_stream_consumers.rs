//! `ListStreamConsumers`: lists the consumers of a stream.

use crate::shapes::Consumer;
use crate::structure::structure;
use crate::timestamp::Timestamp;

structure! {
    /// Lists the consumers of a stream.
    ListStreamConsumersInput {
        /// The ARN of the stream.
        stream_arn: String = "StreamARN": STREAM_ARN,
        /// The token of the next page.
        next_token: Option<String> = "NextToken": NEXT_TOKEN,
        /// The most to be returned.
        max_results: Option<i32> = "MaxResults": LIST_STREAM_CONSUMERS_INPUT_LIMIT,
        /// When the stream was created.
        stream_creation_timestamp: Option<Timestamp> = "StreamCreationTimestamp": TIMESTAMP,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}

structure! {
    /// What `ListStreamConsumers` answers.
    ListStreamConsumersOutput {
        /// The consumers.
        consumers: Option<Vec<Consumer>> = "Consumers": CONSUMER_LIST,
        /// The token of the next page.
        next_token: Option<String> = "NextToken": NEXT_TOKEN,
    }
}
