//! `DeregisterStreamConsumer`: deletes a consumer.

use crate::structure::structure;

structure! {
    /// Deletes a consumer.
    DeregisterStreamConsumerInput {
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// The name of the consumer.
        consumer_name: Option<String> = "ConsumerName": CONSUMER_NAME,
        /// The ARN of the consumer.
        consumer_arn: Option<String> = "ConsumerARN": CONSUMER_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}
