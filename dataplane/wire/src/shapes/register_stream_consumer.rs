//! `RegisterStreamConsumer`: registers a consumer.

use crate::shapes::Consumer;
use crate::structure::structure;
use std::collections::BTreeMap;

structure! {
    /// Registers a consumer.
    RegisterStreamConsumerInput {
        /// The ARN of the stream.
        stream_arn: String = "StreamARN": STREAM_ARN,
        /// The name of the consumer.
        consumer_name: String = "ConsumerName": CONSUMER_NAME,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
        /// The tags.
        tags: Option<BTreeMap<String, String>> = "Tags": TAG_MAP,
    }
}

structure! {
    /// What `RegisterStreamConsumer` answers.
    RegisterStreamConsumerOutput {
        /// The consumer.
        consumer: Consumer = "Consumer": CONSUMER,
    }
}
