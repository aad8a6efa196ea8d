//! The operations of `kinesis/2013-12-02` by name.
//!
//! Owns the word in `X-Amz-Target` and nothing about what an operation does. All operations of AWS's model are known here,
//! also those that this server does not offer: they must be answered as AWS answers an operation that is not enabled.

use std::fmt;

/// The service and version in front of the dot of `X-Amz-Target`.
pub const TARGET_PREFIX: &str = "Kinesis_20131202";

macro_rules! actions {
    ($($name:ident),* $(,)?) => {
        /// One operation of the Kinesis Data Streams API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each variant is AWS's own name of the operation")]
        pub enum Action {
            $($name),*
        }

        impl Action {
            /// Every operation, in the order of AWS's model.
            pub const ALL: &'static [Action] = &[$(Action::$name),*];

            /// AWS's name of the operation.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Action::$name => stringify!($name)),*
                }
            }

            /// The operation with this exact name.
            pub fn from_name(name: &str) -> Option<Action> {
                match name {
                    $(stringify!($name) => Some(Action::$name),)*
                    _ => None,
                }
            }
        }
    };
}

actions! {
    AcknowledgeDeadLetterQueueRecords,
    AcknowledgeQueueRecords,
    AddTagsToStream,
    CreateChannel,
    CreateQueue,
    CreateStream,
    DecreaseStreamRetentionPeriod,
    DeleteChannel,
    DeleteQueue,
    DeleteResourcePolicy,
    DeleteStream,
    DeregisterStreamConsumer,
    DescribeAccountSettings,
    DescribeChannel,
    DescribeLimits,
    DescribeQueue,
    DescribeStream,
    DescribeStreamConsumer,
    DescribeStreamSummary,
    DisableEnhancedMonitoring,
    EnableEnhancedMonitoring,
    GetRecords,
    GetResourcePolicy,
    GetShardIterator,
    IncreaseStreamRetentionPeriod,
    ListChannels,
    ListQueues,
    ListShards,
    ListStreamConsumers,
    ListStreams,
    ListTagsForResource,
    ListTagsForStream,
    MergeShards,
    PutRecord,
    PutRecords,
    PutResourcePolicy,
    ReceiveDeadLetterQueueRecords,
    ReceiveQueueRecords,
    RegisterStreamConsumer,
    RemoveTagsFromStream,
    RestoreDeadLetterQueueRecords,
    SplitShard,
    StartStreamEncryption,
    StopStreamEncryption,
    SubscribeToShard,
    TagResource,
    UntagResource,
    UpdateAccountSettings,
    UpdateChannel,
    UpdateDeadLetterQueueRecordsVisibility,
    UpdateMaxRecordSize,
    UpdateQueue,
    UpdateQueueRecordsVisibility,
    UpdateShardCount,
    UpdateStreamMode,
    UpdateStreamRecordDistributionStrategy,
    UpdateStreamWarmThroughput,
}

impl Action {
    /// Reads the value of an `X-Amz-Target` header: `Kinesis_20131202.PutRecord`.
    ///
    /// What follows a second dot is not looked at, as on AWS.
    pub fn from_target(target: &str) -> Option<Action> {
        let mut parts = target.split('.');
        if parts.next()? != TARGET_PREFIX {
            return None;
        }
        Action::from_name(parts.next()?)
    }

    /// Whether the operation belongs to queues or channels, which this server does not offer.
    pub fn is_queue_or_channel(self) -> bool {
        self.name().contains("Queue") || self.name().contains("Channel")
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_read_back() {
        assert_eq!(Action::ALL.len(), 57);
        for &action in Action::ALL {
            assert_eq!(
                Action::from_target(&format!("Kinesis_20131202.{action}")),
                Some(action)
            );
        }
    }

    #[test]
    fn a_target_of_another_service_or_version_or_case_is_unknown() {
        for target in [
            "",
            "whatever",
            "Kinesis_20131202",
            "Kinesis_20131202.",
            "Whatever.ListStreams",
            "Kinesis_20131202.listStreams",
        ] {
            assert_eq!(Action::from_target(target), None, "{target}");
        }
    }

    #[test]
    fn seventeen_operations_belong_to_queues_and_channels() {
        assert_eq!(
            Action::ALL
                .iter()
                .filter(|action| action.is_queue_or_channel())
                .count(),
            17
        );
    }
}
