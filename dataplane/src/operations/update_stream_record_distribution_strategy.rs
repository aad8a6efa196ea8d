//! `UpdateStreamRecordDistributionStrategy`: what decides which shard a record goes to.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::UpdateStreamRecordDistribution;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::UpdateStreamRecordDistributionStrategyInput;

use super::addressing::{self, StreamAddress};
use super::{Services, changing, parsing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: UpdateStreamRecordDistributionStrategyInput,
) -> Result<(), ApiError> {
    let distribution = parsing::record_distribution(&input.record_distribution_strategy)?;
    let address = StreamAddress::of_arn(&input.stream_arn);
    let stream = addressing::stream(&services.snapshot(), address)?;
    let change = UpdateStreamRecordDistribution {
        stream: stream.name.clone(),
        distribution,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    Ok(())
}
