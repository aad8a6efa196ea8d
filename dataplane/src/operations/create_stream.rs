//! `CreateStream`: a new stream of provisioned or on-demand capacity.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{ChangeError, CreateStream, RecordDistribution, StreamMode};
use anabranch_domain::{ShardUid, StreamName, StreamUid};
use anabranch_wire::shapes::CreateStreamInput;
use anabranch_wire::{Action, ApiError};

use super::errors::{self, Asked};
use super::{Services, authorize, changing, parsing};

/// Shards of an account without a limit of its own. The wire bounds a request by the same number.
const SHARDS_MAX: u32 = 100_000;

/// A request whose members are what they say.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    name: StreamName,
    mode: StreamMode,
    shard_count: Option<u32>,
    warm_throughput_mibps: Option<u32>,
    max_record_size_kib: Option<u32>,
    record_distribution: Option<RecordDistribution>,
}

fn validate(input: &CreateStreamInput) -> Result<Wish, ApiError> {
    let mode = match &input.stream_mode_details {
        // Four shards come of neither, recorded against AWS: the number of an on-demand stream.
        None if input.shard_count.is_none() => StreamMode::OnDemand,
        None => StreamMode::Provisioned,
        Some(details) => parsing::stream_mode(&details.stream_mode)?,
    };
    Ok(Wish {
        name: parsing::stream_name(&input.stream_name)?,
        mode,
        shard_count: input.shard_count.map(parsing::count).transpose()?,
        warm_throughput_mibps: input
            .warm_throughput_mibps
            .map(parsing::count)
            .transpose()?,
        max_record_size_kib: input
            .max_record_size_in_kib
            .map(parsing::count)
            .transpose()?,
        record_distribution: input
            .record_distribution_strategy
            .as_deref()
            .map(parsing::record_distribution)
            .transpose()?,
    })
}

pub(super) async fn execute(
    services: &Services,
    caller: &Caller,
    input: CreateStreamInput,
) -> Result<(), ApiError> {
    let wish = validate(&input)?;
    if input.tags.is_some() {
        authorize::check_new_stream(services, caller, Action::AddTagsToStream, &wish.name)?;
    }
    let shard_count =
        CreateStream::shard_count(wish.mode, wish.shard_count, wish.warm_throughput_mibps)
            .map_err(|refusal| {
                errors::of_change(
                    &refusal,
                    Asked {
                        account: &services.snapshot().account,
                        resource: wish.name.as_str(),
                    },
                )
            })?;
    refuse_beyond_limit(services, shard_count.get(), wish.name.as_str())?;
    let uid = StreamUid::from_bits(services.entropy.random_u128());
    let shard_uids = (0..shard_count.get())
        .map(|_| ShardUid::from_bits(services.entropy.random_u128()))
        .collect();
    let change = CreateStream {
        name: wish.name.clone(),
        uid,
        mode: wish.mode,
        shard_uids,
        tags: input.tags.unwrap_or_default(),
        max_record_size_kib: wish.max_record_size_kib,
        warm_throughput_mibps: wish.warm_throughput_mibps,
        record_distribution: wish.record_distribution,
    };
    changing::commit(services, change.into(), wish.name.as_str()).await?;
    changing::settle(services, &wish.name, uid).await;
    Ok(())
}

/// Asked before so many identities are made, each of which costs memory: a request may name two thousand million shards.
fn refuse_beyond_limit(services: &Services, shards: u32, stream: &str) -> Result<(), ApiError> {
    let snapshot = services.snapshot();
    let open = snapshot.totals().open_shards;
    let limit = snapshot.limits.shards_per_account.unwrap_or(SHARDS_MAX);
    if open + u64::from(shards) <= u64::from(limit) {
        return Ok(());
    }
    let refusal = ChangeError::ShardLimit {
        open,
        limit,
        additional: shards,
    };
    Err(errors::of_change(
        &refusal,
        Asked {
            account: &snapshot.account,
            resource: stream,
        },
    ))
}
