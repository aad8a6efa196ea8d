//! A request that was read, checked and turned into the struct of its operation.

use crate::action::Action;
use crate::conform::Checked;
use crate::field::{Field, Members, Mismatch};
use crate::schema::{Operation, Structure, Structured};
#[allow(
    clippy::wildcard_imports,
    reason = "every request and every answer is named below"
)]
use crate::shapes::*;
use bytes::Bytes;

macro_rules! requests {
    ($($action:ident: $input:ident => $output:tt,)*) => {
        /// A checked request, one variant an operation.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs, reason = "each variant is AWS's own name of the operation")]
        pub enum Request {
            $($action($input),)*
            /// An operation of queues or channels: known, and not enabled on this server.
            NotEnabled(Action),
        }

        $(
            impl Operation for $input {
                const ACTION: Action = Action::$action;
                type Output = $output;
            }

            impl From<$input> for Request {
                fn from(input: $input) -> Self {
                    Request::$action(input)
                }
            }
        )*

        impl Request {
            /// The operation.
            pub const fn action(&self) -> Action {
                match self {
                    $(Request::$action(_) => Action::$action,)*
                    Request::NotEnabled(action) => *action,
                }
            }

            /// The struct of `action` from its checked members.
            pub(crate) fn from_checked(
                action: Action,
                members: Checked<'_>,
                body: &Bytes,
            ) -> Result<Request, Mismatch> {
                match action {
                    $(Action::$action => $input::from_checked(members, body).map(Request::$action),)*
                    action => Ok(Request::NotEnabled(action)),
                }
            }

            /// The text of a member of the request by its wire name, such as `ConsumerARN`.
            pub fn text(&self, member: &str) -> Option<&str> {
                match self {
                    $(Request::$action(input) => input.text(member),)*
                    Request::NotEnabled(_) => None,
                }
            }

            fn flag(&self, member: &str) -> Option<bool> {
                match self {
                    $(Request::$action(input) => input.flag(member),)*
                    Request::NotEnabled(_) => None,
                }
            }
        }

        /// As a client sends it; of an operation that is not offered only the empty document.
        impl serde::Serialize for Request {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Request::$action(input) => input.serialize(serializer),)*
                    Request::NotEnabled(_) => serializer.collect_map::<&str, &str, _>([]),
                }
            }
        }

        pub(crate) fn input_structure(action: Action) -> Option<&'static Structure> {
            match action {
                $(Action::$action => Some($input::structure()),)*
                _ => None,
            }
        }

        pub(crate) fn output_structure(action: Action) -> Option<&'static Structure> {
            match action {
                $(Action::$action => <$output as OptionalTable>::table(),)*
                _ => None,
            }
        }
    };
}

requests! {
    AddTagsToStream: AddTagsToStreamInput => (),
    CreateStream: CreateStreamInput => (),
    DecreaseStreamRetentionPeriod: DecreaseStreamRetentionPeriodInput => (),
    DeleteResourcePolicy: DeleteResourcePolicyInput => (),
    DeleteStream: DeleteStreamInput => (),
    DeregisterStreamConsumer: DeregisterStreamConsumerInput => (),
    DescribeAccountSettings: DescribeAccountSettingsInput => DescribeAccountSettingsOutput,
    DescribeLimits: DescribeLimitsInput => DescribeLimitsOutput,
    DescribeStream: DescribeStreamInput => DescribeStreamOutput,
    DescribeStreamConsumer: DescribeStreamConsumerInput => DescribeStreamConsumerOutput,
    DescribeStreamSummary: DescribeStreamSummaryInput => DescribeStreamSummaryOutput,
    DisableEnhancedMonitoring: DisableEnhancedMonitoringInput => EnhancedMonitoringOutput,
    EnableEnhancedMonitoring: EnableEnhancedMonitoringInput => EnhancedMonitoringOutput,
    GetRecords: GetRecordsInput => GetRecordsOutput,
    GetResourcePolicy: GetResourcePolicyInput => GetResourcePolicyOutput,
    GetShardIterator: GetShardIteratorInput => GetShardIteratorOutput,
    IncreaseStreamRetentionPeriod: IncreaseStreamRetentionPeriodInput => (),
    ListShards: ListShardsInput => ListShardsOutput,
    ListStreamConsumers: ListStreamConsumersInput => ListStreamConsumersOutput,
    ListStreams: ListStreamsInput => ListStreamsOutput,
    ListTagsForResource: ListTagsForResourceInput => ListTagsForResourceOutput,
    ListTagsForStream: ListTagsForStreamInput => ListTagsForStreamOutput,
    MergeShards: MergeShardsInput => (),
    PutRecord: PutRecordInput => PutRecordOutput,
    PutRecords: PutRecordsInput => PutRecordsOutput,
    PutResourcePolicy: PutResourcePolicyInput => (),
    RegisterStreamConsumer: RegisterStreamConsumerInput => RegisterStreamConsumerOutput,
    RemoveTagsFromStream: RemoveTagsFromStreamInput => (),
    SplitShard: SplitShardInput => (),
    StartStreamEncryption: StartStreamEncryptionInput => (),
    StopStreamEncryption: StopStreamEncryptionInput => (),
    SubscribeToShard: SubscribeToShardInput => SubscribeToShardEvent,
    TagResource: TagResourceInput => (),
    UntagResource: UntagResourceInput => (),
    UpdateAccountSettings: UpdateAccountSettingsInput => UpdateAccountSettingsOutput,
    UpdateMaxRecordSize: UpdateMaxRecordSizeInput => (),
    UpdateShardCount: UpdateShardCountInput => UpdateShardCountOutput,
    UpdateStreamMode: UpdateStreamModeInput => (),
    UpdateStreamRecordDistributionStrategy: UpdateStreamRecordDistributionStrategyInput => (),
    UpdateStreamWarmThroughput: UpdateStreamWarmThroughputInput => UpdateStreamWarmThroughputOutput,
}

impl Request {
    /// `StreamName`, of any operation that has it.
    pub fn stream_name(&self) -> Option<&str> {
        self.text("StreamName")
    }

    /// `StreamARN`, of any operation that has it.
    pub fn stream_arn(&self) -> Option<&str> {
        self.text("StreamARN")
    }

    /// `StreamId`, of any operation that has it: reserved by AWS, to be ignored.
    pub fn stream_id(&self) -> Option<&str> {
        self.text("StreamId")
    }

    /// Whether the caller only asks if the request would succeed.
    pub fn is_dry_run(&self) -> bool {
        self.flag("DryRun").unwrap_or(false)
    }
}

/// The table of an answer, where the answer has a body.
trait OptionalTable {
    fn table() -> Option<&'static Structure>;
}

impl OptionalTable for () {
    fn table() -> Option<&'static Structure> {
        None
    }
}

impl<T: Structured> OptionalTable for T {
    fn table() -> Option<&'static Structure> {
        Some(T::structure())
    }
}
