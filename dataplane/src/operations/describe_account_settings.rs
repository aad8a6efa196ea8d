//! `DescribeAccountSettings`: what the account committed itself to.

use anabranch_domain::access::Caller;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{DescribeAccountSettingsInput, DescribeAccountSettingsOutput};

use super::{Services, rendering};

#[allow(clippy::unnecessary_wraps, reason = "the shape of every action")]
pub(super) fn execute(
    services: &Services,
    _: &Caller,
    _: &DescribeAccountSettingsInput,
) -> Result<DescribeAccountSettingsOutput, ApiError> {
    let commitment = services.snapshot().account.billing_commitment;
    Ok(DescribeAccountSettingsOutput {
        minimum_throughput_billing_commitment: Some(rendering::billing_commitment(
            commitment.at(services.now()),
        )),
    })
}
