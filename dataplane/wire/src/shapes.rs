//! The requests and answers of the operations offered here, one file an operation, and the structures that they share.
//!
//! Each is declared once with `structure!`: the struct, the table that a request is checked by, and both ways over the wire.
//! Values are as they came over the wire: names, ARNs and numbers are parsed by the domain.

mod add_tags_to_stream;
mod child_shard;
mod consumer;
mod create_stream;
mod decrease_stream_retention_period;
mod delete_resource_policy;
mod delete_stream;
mod deregister_stream_consumer;
mod describe_account_settings;
mod describe_limits;
mod describe_stream;
mod describe_stream_consumer;
mod describe_stream_summary;
mod disable_enhanced_monitoring;
mod enable_enhanced_monitoring;
mod enhanced_metrics;
mod enhanced_monitoring_output;
mod get_records;
mod get_resource_policy;
mod get_shard_iterator;
mod hash_key_range;
mod increase_stream_retention_period;
mod list_shards;
mod list_stream_consumers;
mod list_streams;
mod list_tags_for_resource;
mod list_tags_for_stream;
mod merge_shards;
mod minimum_throughput_billing_commitment_output;
mod put_record;
mod put_records;
mod put_resource_policy;
mod register_stream_consumer;
mod remove_tags_from_stream;
mod sequence_number_range;
mod shard;
mod split_shard;
mod start_stream_encryption;
mod stop_stream_encryption;
mod stream_mode_details;
mod subscribe_to_shard;
mod tag;
mod tag_resource;
mod untag_resource;
mod update_account_settings;
mod update_max_record_size;
mod update_shard_count;
mod update_stream_mode;
mod update_stream_record_distribution_strategy;
mod update_stream_warm_throughput;
mod warm_throughput_object;

pub use add_tags_to_stream::AddTagsToStreamInput;
pub use child_shard::ChildShard;
pub use consumer::Consumer;
pub use create_stream::CreateStreamInput;
pub use decrease_stream_retention_period::DecreaseStreamRetentionPeriodInput;
pub use delete_resource_policy::DeleteResourcePolicyInput;
pub use delete_stream::DeleteStreamInput;
pub use deregister_stream_consumer::DeregisterStreamConsumerInput;
pub use describe_account_settings::{DescribeAccountSettingsInput, DescribeAccountSettingsOutput};
pub use describe_limits::{DescribeLimitsInput, DescribeLimitsOutput};
pub use describe_stream::{DescribeStreamInput, DescribeStreamOutput, StreamDescription};
pub use describe_stream_consumer::{
    ConsumerDescription, DescribeStreamConsumerInput, DescribeStreamConsumerOutput,
};
pub use describe_stream_summary::{
    DescribeStreamSummaryInput, DescribeStreamSummaryOutput, StreamDescriptionSummary,
};
pub use disable_enhanced_monitoring::DisableEnhancedMonitoringInput;
pub use enable_enhanced_monitoring::EnableEnhancedMonitoringInput;
pub use enhanced_metrics::EnhancedMetrics;
pub use enhanced_monitoring_output::EnhancedMonitoringOutput;
pub use get_records::{GetRecordsInput, GetRecordsOutput, Record};
pub use get_resource_policy::{GetResourcePolicyInput, GetResourcePolicyOutput};
pub use get_shard_iterator::{GetShardIteratorInput, GetShardIteratorOutput};
pub use hash_key_range::HashKeyRange;
pub use increase_stream_retention_period::IncreaseStreamRetentionPeriodInput;
pub use list_shards::{ListShardsInput, ListShardsOutput, ShardFilter};
pub use list_stream_consumers::{ListStreamConsumersInput, ListStreamConsumersOutput};
pub use list_streams::{ListStreamsInput, ListStreamsOutput, StreamSummary};
pub use list_tags_for_resource::{ListTagsForResourceInput, ListTagsForResourceOutput};
pub use list_tags_for_stream::{ListTagsForStreamInput, ListTagsForStreamOutput};
pub use merge_shards::MergeShardsInput;
pub use minimum_throughput_billing_commitment_output::MinimumThroughputBillingCommitmentOutput;
pub use put_record::{PutRecordInput, PutRecordOutput};
pub use put_records::{
    PutRecordsInput, PutRecordsOutput, PutRecordsRequestEntry, PutRecordsResultEntry,
};
pub use put_resource_policy::PutResourcePolicyInput;
pub use register_stream_consumer::{RegisterStreamConsumerInput, RegisterStreamConsumerOutput};
pub use remove_tags_from_stream::RemoveTagsFromStreamInput;
pub use sequence_number_range::SequenceNumberRange;
pub use shard::Shard;
pub use split_shard::SplitShardInput;
pub use start_stream_encryption::StartStreamEncryptionInput;
pub use stop_stream_encryption::StopStreamEncryptionInput;
pub use stream_mode_details::StreamModeDetails;
pub use subscribe_to_shard::{StartingPosition, SubscribeToShardEvent, SubscribeToShardInput};
pub use tag::Tag;
pub use tag_resource::TagResourceInput;
pub use untag_resource::UntagResourceInput;
pub use update_account_settings::{
    MinimumThroughputBillingCommitmentInput, UpdateAccountSettingsInput,
    UpdateAccountSettingsOutput,
};
pub use update_max_record_size::UpdateMaxRecordSizeInput;
pub use update_shard_count::{UpdateShardCountInput, UpdateShardCountOutput};
pub use update_stream_mode::UpdateStreamModeInput;
pub use update_stream_record_distribution_strategy::UpdateStreamRecordDistributionStrategyInput;
pub use update_stream_warm_throughput::{
    UpdateStreamWarmThroughputInput, UpdateStreamWarmThroughputOutput,
};
pub use warm_throughput_object::WarmThroughputObject;
