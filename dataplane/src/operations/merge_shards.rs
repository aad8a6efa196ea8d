//! `MergeShards`: one shard for two neighbours.

use anabranch_domain::ShardId;
use anabranch_domain::access::Caller;
use anabranch_domain::catalog::MergeShards;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::MergeShardsInput;

use super::addressing::{self, StreamAddress};
use super::{Services, changing, parsing};

fn validate(
    input: &MergeShardsInput,
    stream: &str,
    account: &str,
) -> Result<(ShardId, ShardId), ApiError> {
    let shard = parsing::shard_id(&input.shard_to_merge, stream, account)?;
    let adjacent = parsing::shard_id(&input.adjacent_shard_to_merge, stream, account)?;
    Ok((shard, adjacent))
}

pub(super) async fn execute(
    services: &Services,
    caller: &Caller,
    input: MergeShardsInput,
) -> Result<(), ApiError> {
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let (shard, adjacent) = validate(
        &input,
        address.name(),
        services.snapshot().account.id.as_str(),
    )?;
    let stream = addressing::stream(&services.snapshot(), address)?;
    let reason = changing::reason(caller, "MergeShards");
    let change = MergeShards {
        stream: stream.name.clone(),
        shard,
        adjacent,
        reason,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    changing::settle(services, &stream.name, stream.uid).await;
    Ok(())
}
