//! `DescribeStreamSummary`: a stream without its shards.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{Account, Stream};
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{
    DescribeStreamSummaryInput, DescribeStreamSummaryOutput, StreamDescriptionSummary,
};

use super::addressing::{self, StreamAddress};
use super::{Services, rendering};

pub(super) fn execute(
    services: &Services,
    _: &Caller,
    input: &DescribeStreamSummaryInput,
) -> Result<DescribeStreamSummaryOutput, ApiError> {
    let snapshot = services.snapshot();
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&snapshot, address)?;
    Ok(DescribeStreamSummaryOutput {
        stream_description_summary: summarize(&snapshot.account, &stream),
    })
}

fn summarize(account: &Account, stream: &Stream) -> StreamDescriptionSummary {
    StreamDescriptionSummary {
        stream_name: stream.name.to_string(),
        stream_arn: rendering::stream_arn(account, stream).to_string(),
        stream_id: None,
        stream_status: stream.status.as_str().to_owned(),
        stream_mode_details: Some(rendering::stream_mode(stream.mode)),
        retention_period_hours: rendering::number(stream.retention_hours),
        stream_creation_timestamp: rendering::timestamp(stream.created),
        enhanced_monitoring: rendering::enhanced_monitoring(stream),
        encryption_type: Some(rendering::encryption_type(stream)),
        key_id: stream.encryption.as_ref().map(ToString::to_string),
        open_shard_count: rendering::number(stream.open_shard_count()),
        consumer_count: Some(rendering::count(stream.consumers.len())),
        warm_throughput: stream.warm_throughput_mibps.map(rendering::warm_throughput),
        max_record_size_in_kib: Some(rendering::number(stream.max_record_size_kib)),
        // Queues and channels are not enabled here, so that no stream has any.
        channel_count: Some(0),
        record_distribution_strategy: Some(stream.record_distribution.as_str().to_owned()),
        queue_count: Some(0),
    }
}
