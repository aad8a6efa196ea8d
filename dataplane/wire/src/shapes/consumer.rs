//! A registered consumer.

use crate::structure::structure;
use crate::timestamp::Timestamp;

structure! {
    /// A registered consumer.
    Consumer {
        /// The name of the consumer.
        consumer_name: String = "ConsumerName": CONSUMER_NAME,
        /// The ARN of the consumer.
        consumer_arn: String = "ConsumerARN": CONSUMER_ARN,
        /// `CREATING`, `ACTIVE` or `DELETING`.
        consumer_status: String = "ConsumerStatus": CONSUMER_STATUS,
        /// When the consumer was registered.
        consumer_creation_timestamp: Timestamp = "ConsumerCreationTimestamp": TIMESTAMP,
    }
}
