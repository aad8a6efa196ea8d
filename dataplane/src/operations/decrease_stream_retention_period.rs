//! `DecreaseStreamRetentionPeriod`: how long records are kept.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::DecreaseRetention;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::DecreaseStreamRetentionPeriodInput;

use super::addressing::{self, StreamAddress};
use super::{Services, changing, parsing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: DecreaseStreamRetentionPeriodInput,
) -> Result<(), ApiError> {
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&services.snapshot(), address)?;
    let hours = parsing::hours(input.retention_period_hours);
    let change = DecreaseRetention {
        stream: stream.name.clone(),
        hours,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    Ok(())
}
