//! `DescribeStreamConsumer`: describes a consumer.

use crate::structure::structure;
use crate::timestamp::Timestamp;

structure! {
    /// Describes a consumer.
    DescribeStreamConsumerInput {
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

structure! {
    /// What `DescribeStreamConsumer` answers.
    DescribeStreamConsumerOutput {
        /// The consumer.
        consumer_description: ConsumerDescription = "ConsumerDescription": CONSUMER_DESCRIPTION,
    }
}

structure! {
    /// A registered consumer, with its stream.
    ConsumerDescription {
        /// The name of the consumer.
        consumer_name: String = "ConsumerName": CONSUMER_NAME,
        /// The ARN of the consumer.
        consumer_arn: String = "ConsumerARN": CONSUMER_ARN,
        /// `CREATING`, `ACTIVE` or `DELETING`.
        consumer_status: String = "ConsumerStatus": CONSUMER_STATUS,
        /// When the consumer was registered.
        consumer_creation_timestamp: Timestamp = "ConsumerCreationTimestamp": TIMESTAMP,
        /// The ARN of the stream.
        stream_arn: String = "StreamARN": STREAM_ARN,
    }
}
