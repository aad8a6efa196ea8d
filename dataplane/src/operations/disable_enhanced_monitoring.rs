//! `DisableEnhancedMonitoring`: fewer metrics for each shard.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::DisableEnhancedMonitoring;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{DisableEnhancedMonitoringInput, EnhancedMonitoringOutput};

use super::addressing::{self, StreamAddress};
use super::{Services, changing, parsing, rendering};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: DisableEnhancedMonitoringInput,
) -> Result<EnhancedMonitoringOutput, ApiError> {
    let metrics = parsing::shard_level_metrics(&input.shard_level_metrics)?;
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let before = addressing::stream(&services.snapshot(), address)?;
    let change = DisableEnhancedMonitoring {
        stream: before.name.clone(),
        metrics,
    };
    let after = changing::commit(services, change.into(), before.name.as_str()).await?;
    Ok(rendering::monitoring_change(&before, &after))
}
