//! `DescribeLimits`: how much of the account's quotas is used.

use anabranch_domain::access::Caller;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{DescribeLimitsInput, DescribeLimitsOutput};

use super::{Services, rendering};

/// The largest number that the model lets this answer hold; no limit is told as it.
const LIMIT_MAX: u32 = 1_000_000;

#[allow(clippy::unnecessary_wraps, reason = "the shape of every action")]
pub(super) fn execute(
    services: &Services,
    _: &Caller,
    _: &DescribeLimitsInput,
) -> Result<DescribeLimitsOutput, ApiError> {
    let snapshot = services.snapshot();
    let totals = snapshot.totals();
    let limit = |limit: Option<u32>| rendering::number(limit.unwrap_or(LIMIT_MAX).min(LIMIT_MAX));
    Ok(DescribeLimitsOutput {
        shard_limit: limit(snapshot.limits.shards_per_account),
        open_shard_count: i32::try_from(totals.open_shards).unwrap_or(i32::MAX),
        on_demand_stream_count: rendering::number(totals.on_demand_streams),
        on_demand_stream_count_limit: limit(snapshot.limits.on_demand_streams_per_account),
        channel_count: Some(0),
        channel_count_limit: Some(0),
    })
}
