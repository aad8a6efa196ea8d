//! Members of requests as domain values.
//!
//! Pure. The wire has checked what the service model says (lengths, patterns, enums); here is what remains to be said
//! of a member alone.

use std::collections::BTreeSet;

use anabranch_domain::catalog::{RecordDistribution, ShardLevelMetric, StreamMode};
use anabranch_domain::{ShardId, StreamName};
use anabranch_wire::ApiError;

use super::errors;

/// `StreamName` of a stream that is to be.
pub(super) fn stream_name(text: &str) -> Result<StreamName, ApiError> {
    text.parse()
        .map_err(|_| errors::invalid_argument(format!("Invalid StreamName: {text}")))
}

/// A number that the model bounds from below.
pub(super) fn count(number: i32) -> Result<u32, ApiError> {
    u32::try_from(number)
        .map_err(|_| errors::invalid_argument(format!("{number} is less than zero.")))
}

/// `RetentionPeriodHours`. Less than none is less than the least, which is the domain's to refuse.
pub(super) fn hours(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// `StreamMode`.
pub(super) fn stream_mode(text: &str) -> Result<StreamMode, ApiError> {
    [StreamMode::Provisioned, StreamMode::OnDemand]
        .into_iter()
        .find(|mode| mode.as_str() == text)
        .ok_or_else(|| errors::invalid_argument(format!("Invalid StreamMode: {text}")))
}

/// `RecordDistributionStrategy`.
pub(super) fn record_distribution(text: &str) -> Result<RecordDistribution, ApiError> {
    [
        RecordDistribution::UserPartitionKey,
        RecordDistribution::Auto,
    ]
    .into_iter()
    .find(|distribution| distribution.as_str() == text)
    .ok_or_else(|| errors::invalid_argument(format!("Invalid RecordDistributionStrategy: {text}")))
}

/// `ShardLevelMetrics`.
pub(super) fn shard_level_metrics(
    names: &[String],
) -> Result<BTreeSet<ShardLevelMetric>, ApiError> {
    ShardLevelMetric::expand(names.iter().map(String::as_str))
        .map_err(|_| errors::invalid_argument("Invalid ShardLevelMetrics."))
}

/// A shard's id where the shard is to be changed. `stream` is the name in the request, whether it exists or not: AWS looks
/// at the shard's id first.
pub(super) fn shard_id(text: &str, stream: &str, account: &str) -> Result<ShardId, ApiError> {
    text.parse()
        .map_err(|_| errors::shard_not_found(text, stream, account))
}

/// `Limit` and `MaxResults`: at most `most`, whatever is asked for, and so many when nothing is.
pub(super) fn page_size(asked: Option<i32>, most: usize) -> usize {
    asked
        .and_then(|asked| usize::try_from(asked).ok())
        .unwrap_or(most)
        .min(most)
}
