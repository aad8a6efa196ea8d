//! The actions that change or show the catalog, from a typed request to the bytes of its answer. One line an action.

use anabranch_domain::access::Caller;
use anabranch_wire::{ApiError, Codec, Request, encode};
use bytes::Bytes;

use super::Services;

/// `changes` wait for the disk; `looks` answer from the newest snapshot.
macro_rules! control_plane {
    (
        $services:ident, $caller:ident, $codec:ident, $request:ident;
        changes: $($change:ident => $change_module:ident,)*;
        looks: $($look:ident => $look_module:ident,)*
    ) => {
        match $request {
            $(Request::$change(input) => {
                let answer = super::$change_module::execute($services, $caller, input).await?;
                Ok(Outcome::Answered(encode($codec, &answer)))
            })*
            $(Request::$look(input) => {
                let answer = super::$look_module::execute($services, $caller, &input)?;
                Ok(Outcome::Answered(encode($codec, &answer)))
            })*
            Request::NotEnabled(action) => Err(super::not_enabled::refuse(action)),
            other => Ok(Outcome::DataPlane(other)),
        }
    };
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was of the control plane: this is the answer's body.
    Answered(Bytes),
    /// It reads or writes records, and is somebody else's.
    DataPlane(Request),
}

/// Carries out `request` for `caller`, who may make it.
pub(super) async fn execute(
    services: &Services,
    caller: &Caller,
    codec: Codec,
    request: Request,
) -> Result<Outcome, ApiError> {
    control_plane! {
        services, caller, codec, request;
        changes:
            AddTagsToStream => add_tags_to_stream,
            CreateStream => create_stream,
            DecreaseStreamRetentionPeriod => decrease_stream_retention_period,
            DeleteResourcePolicy => delete_resource_policy,
            DeleteStream => delete_stream,
            DeregisterStreamConsumer => deregister_stream_consumer,
            DisableEnhancedMonitoring => disable_enhanced_monitoring,
            EnableEnhancedMonitoring => enable_enhanced_monitoring,
            IncreaseStreamRetentionPeriod => increase_stream_retention_period,
            MergeShards => merge_shards,
            PutResourcePolicy => put_resource_policy,
            RegisterStreamConsumer => register_stream_consumer,
            RemoveTagsFromStream => remove_tags_from_stream,
            SplitShard => split_shard,
            StartStreamEncryption => start_stream_encryption,
            StopStreamEncryption => stop_stream_encryption,
            TagResource => tag_resource,
            UntagResource => untag_resource,
            UpdateAccountSettings => update_account_settings,
            UpdateMaxRecordSize => update_max_record_size,
            UpdateShardCount => update_shard_count,
            UpdateStreamMode => update_stream_mode,
            UpdateStreamRecordDistributionStrategy => update_stream_record_distribution_strategy,
            UpdateStreamWarmThroughput => update_stream_warm_throughput,;
        looks:
            DescribeAccountSettings => describe_account_settings,
            DescribeLimits => describe_limits,
            DescribeStream => describe_stream,
            DescribeStreamConsumer => describe_stream_consumer,
            DescribeStreamSummary => describe_stream_summary,
            GetResourcePolicy => get_resource_policy,
            ListShards => list_shards,
            ListStreamConsumers => list_stream_consumers,
            ListStreams => list_streams,
            ListTagsForResource => list_tags_for_resource,
            ListTagsForStream => list_tags_for_stream,
    }
}
