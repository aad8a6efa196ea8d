//! `UpdateShardCount`: so many shards of equal size.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::UpdateShardCount;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{UpdateShardCountInput, UpdateShardCountOutput};

use super::addressing::{self, StreamAddress};
use super::{Services, changing, parsing, rendering};

pub(super) async fn execute(
    services: &Services,
    caller: &Caller,
    input: UpdateShardCountInput,
) -> Result<UpdateShardCountOutput, ApiError> {
    let target = parsing::count(input.target_shard_count)?;
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let before = addressing::stream(&services.snapshot(), address)?;
    let reason = changing::reason(caller, "UpdateShardCount");
    let change = UpdateShardCount {
        stream: before.name.clone(),
        target,
        reason,
    };
    let after = changing::commit(services, change.into(), before.name.as_str()).await?;
    changing::settle(services, &before.name, before.uid).await;
    Ok(UpdateShardCountOutput {
        stream_name: Some(before.name.to_string()),
        current_shard_count: Some(rendering::number(before.open_shard_count())),
        target_shard_count: Some(input.target_shard_count),
        stream_arn: Some(rendering::stream_arn(&after.account, &before).to_string()),
    })
}
