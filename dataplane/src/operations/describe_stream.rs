//! `DescribeStream`: a stream and its shards, at most a hundred at once.

use anabranch_domain::catalog::{Account, Stream};
use anabranch_domain::{ShardId, access::Caller};
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{DescribeStreamInput, DescribeStreamOutput, StreamDescription};

use super::addressing::{self, StreamAddress};
use super::{Services, errors, parsing, rendering};

/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html>: whatever is asked for.
const SHARDS_MAX: usize = 100;

/// Which shards to show.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    after: Option<ShardId>,
    shards_max: usize,
}

fn validate(input: &DescribeStreamInput) -> Result<Page, ApiError> {
    let after = match &input.exclusive_start_shard_id {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            errors::invalid_argument(format!("Invalid ExclusiveStartShardId: {text}"))
        })?),
    };
    Ok(Page {
        after,
        shards_max: parsing::page_size(input.limit, SHARDS_MAX),
    })
}

pub(super) fn execute(
    services: &Services,
    _: &Caller,
    input: &DescribeStreamInput,
) -> Result<DescribeStreamOutput, ApiError> {
    let page = validate(input)?;
    let snapshot = services.snapshot();
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&snapshot, address)?;
    Ok(DescribeStreamOutput {
        stream_description: describe(&snapshot.account, &stream, &page),
    })
}

fn describe(account: &Account, stream: &Stream, page: &Page) -> StreamDescription {
    let mut shards = stream.shards.values().filter(|shard| {
        rendering::is_listed(shard) && page.after.is_none_or(|after| shard.id > after)
    });
    let shown = shards
        .by_ref()
        .take(page.shards_max)
        .map(|shard| rendering::shard(shard))
        .collect();
    StreamDescription {
        stream_name: stream.name.to_string(),
        stream_arn: rendering::stream_arn(account, stream).to_string(),
        stream_status: stream.status.as_str().to_owned(),
        stream_mode_details: Some(rendering::stream_mode(stream.mode)),
        shards: shown,
        has_more_shards: shards.next().is_some(),
        retention_period_hours: rendering::number(stream.retention_hours),
        stream_creation_timestamp: rendering::timestamp(stream.created),
        enhanced_monitoring: rendering::enhanced_monitoring(stream),
        encryption_type: Some(rendering::encryption_type(stream)),
        key_id: stream.encryption.as_ref().map(ToString::to_string),
    }
}
