//! `UpdateStreamMode`: who chooses the number of shards from now on.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{StreamMode, UpdateStreamMode};
use anabranch_wire::ApiError;
use anabranch_wire::shapes::UpdateStreamModeInput;

use super::addressing::{self, StreamAddress};
use super::{Services, changing, parsing};

fn validate(input: &UpdateStreamModeInput) -> Result<(StreamMode, Option<u32>), ApiError> {
    let mode = parsing::stream_mode(&input.stream_mode_details.stream_mode)?;
    Ok((
        mode,
        input
            .warm_throughput_mibps
            .map(parsing::count)
            .transpose()?,
    ))
}

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: UpdateStreamModeInput,
) -> Result<(), ApiError> {
    let (mode, warm_throughput_mibps) = validate(&input)?;
    let address = StreamAddress::of_arn(&input.stream_arn);
    let stream = addressing::stream(&services.snapshot(), address)?;
    let change = UpdateStreamMode {
        stream: stream.name.clone(),
        mode,
        warm_throughput_mibps,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    changing::settle(services, &stream.name, stream.uid).await;
    Ok(())
}
