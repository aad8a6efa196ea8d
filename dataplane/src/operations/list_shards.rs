//! `ListShards`: a stream's shards, all or those of a moment, in pages.

use std::sync::Arc;

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{Snapshot, Stream};
use anabranch_domain::lineage::ShardFilter;
use anabranch_domain::{ShardId, StreamUid, Timestamp};
use anabranch_wire::opaque_token::TokenKind;
use anabranch_wire::shapes::{ListShardsInput, ListShardsOutput, ShardFilter as FilterInput};
use anabranch_wire::{Action, ApiError, Timestamp as WireTimestamp};

use super::addressing::{self, StreamAddress};
use super::{Services, authorize, errors, next_token, parsing, rendering};

/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html>: also whatever more is asked for.
const SHARDS_MAX: usize = 1000;

/// Where a page ended. The stream's identity, so that a later stream of the same name is not taken for it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct PageEnd {
    stream: String,
    uid: StreamUid,
    filter: ShardFilter,
    after: ShardId,
}

fn validate(input: &ListShardsInput) -> Result<(ShardFilter, Option<ShardId>), ApiError> {
    if input.next_token.is_none() && input.stream_name.is_none() && input.stream_arn.is_none() {
        return Err(errors::invalid_argument(
            "Either NextToken or StreamName should be provided.",
        ));
    }
    if input.next_token.is_some() {
        refuse_beside_next_token(input)?;
    }
    let after = input
        .exclusive_start_shard_id
        .as_deref()
        .map(|text| any_shard_id("ExclusiveStartShardId", text))
        .transpose()?;
    let filter = input.shard_filter.as_ref().map(parse_filter).transpose()?;
    Ok((filter.unwrap_or_default(), after))
}

fn refuse_beside_next_token(input: &ListShardsInput) -> Result<(), ApiError> {
    let excluded = [
        ("StreamName", input.stream_name.is_some()),
        (
            "StreamCreationTimestamp",
            input.stream_creation_timestamp.is_some(),
        ),
        (
            "ExclusiveStartShardId",
            input.exclusive_start_shard_id.is_some(),
        ),
        ("ShardFilter", input.shard_filter.is_some()),
    ];
    match excluded.into_iter().find(|(_, is_given)| *is_given) {
        Some((member, _)) => Err(errors::invalid_argument(format!(
            "NextToken and {member} cannot be provided together."
        ))),
        None => Ok(()),
    }
}

/// A shard's id where it need not exist.
fn any_shard_id(member: &str, text: &str) -> Result<ShardId, ApiError> {
    text.parse()
        .map_err(|_| errors::invalid_argument(format!("Invalid {member}: {text}")))
}

fn parse_filter(input: &FilterInput) -> Result<ShardFilter, ApiError> {
    let missing = |member: &str| {
        errors::invalid_argument(format!(
            "{member} must be specified when ShardFilter type is {}.",
            input.kind
        ))
    };
    let shard = || {
        let text = input
            .shard_id
            .as_deref()
            .ok_or_else(|| missing("ShardId"))?;
        any_shard_id("ShardId", text)
    };
    let time = || {
        input
            .timestamp
            .map(domain_time)
            .ok_or_else(|| missing("Timestamp"))
    };
    match input.kind.as_str() {
        "AFTER_SHARD_ID" => Ok(ShardFilter::AfterShardId(shard()?)),
        "AT_TRIM_HORIZON" => Ok(ShardFilter::AtTrimHorizon),
        "FROM_TRIM_HORIZON" => Ok(ShardFilter::FromTrimHorizon),
        "AT_LATEST" => Ok(ShardFilter::AtLatest),
        "AT_TIMESTAMP" => Ok(ShardFilter::AtTimestamp(time()?)),
        "FROM_TIMESTAMP" => Ok(ShardFilter::FromTimestamp(time()?)),
        other => Err(errors::invalid_argument(format!(
            "Invalid ShardFilter type: {other}"
        ))),
    }
}

/// Before 1970 nothing was.
fn domain_time(time: WireTimestamp) -> Timestamp {
    Timestamp::from_millis(u64::try_from(time.as_millis()).unwrap_or(0))
}

pub(super) fn execute(
    services: &Services,
    caller: &Caller,
    input: &ListShardsInput,
) -> Result<ListShardsOutput, ApiError> {
    let (filter, after) = validate(input)?;
    let snapshot = services.snapshot();
    let (stream, filter, after) = match &input.next_token {
        Some(token) => {
            let resumed = resume(services, &snapshot, token)?;
            authorize::check_stream(services, caller, Action::ListShards, &resumed.0)?;
            resumed
        }
        None => (find_stream(&snapshot, input)?, filter, after),
    };
    let mut rest = filter
        .shards(&stream, services.now())
        .filter(|shard| after.is_none_or(|after| shard.id > after));
    let shown: Vec<_> = rest
        .by_ref()
        .take(parsing::page_size(input.max_results, SHARDS_MAX))
        .collect();
    let next_token = match (shown.last(), rest.next()) {
        (Some(last), Some(_)) => {
            let end = PageEnd {
                stream: stream.name.to_string(),
                uid: stream.uid,
                filter,
                after: last.id,
            };
            Some(next_token::seal(services, TokenKind::ListShards, end)?)
        }
        _ => None,
    };
    Ok(ListShardsOutput {
        shards: Some(
            shown
                .into_iter()
                .map(|shard| rendering::shard(shard))
                .collect(),
        ),
        next_token,
    })
}

fn find_stream(snapshot: &Snapshot, input: &ListShardsInput) -> Result<Arc<Stream>, ApiError> {
    let stream = addressing::stream(
        snapshot,
        StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref()),
    )?;
    if let Some(created) = input.stream_creation_timestamp {
        addressing::check_created(snapshot, &stream, created)?;
    }
    Ok(stream)
}

/// Goes on where the page before ended.
fn resume(
    services: &Services,
    snapshot: &Snapshot,
    token: &str,
) -> Result<(Arc<Stream>, ShardFilter, Option<ShardId>), ApiError> {
    let end: PageEnd = next_token::open(services, TokenKind::ListShards, token)?;
    let stream = addressing::stream(
        snapshot,
        StreamAddress {
            name: Some(&end.stream),
            arn: None,
        },
    )?;
    if stream.uid != end.uid {
        return Err(errors::stream_not_found(
            &end.stream,
            snapshot.account.id.as_str(),
        ));
    }
    Ok((stream, end.filter, Some(end.after)))
}

#[cfg(test)]
#[path = "list_shards_test.rs"]
mod tests;
