//! `UpdateAccountSettings`: begins and ends the account's commitment.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::UpdateAccountSettings;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{UpdateAccountSettingsInput, UpdateAccountSettingsOutput};

use super::{Services, changing, errors, rendering};

fn validate(input: &UpdateAccountSettingsInput) -> Result<UpdateAccountSettings, ApiError> {
    match input.minimum_throughput_billing_commitment.status.as_str() {
        "ENABLED" => Ok(UpdateAccountSettings::EnableBillingCommitment),
        "DISABLED" => Ok(UpdateAccountSettings::DisableBillingCommitment),
        other => Err(errors::invalid_argument(format!(
            "Invalid MinimumThroughputBillingCommitment status: {other}"
        ))),
    }
}

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: UpdateAccountSettingsInput,
) -> Result<UpdateAccountSettingsOutput, ApiError> {
    let change = validate(&input)?;
    let after = changing::commit(services, change.into(), "account").await?;
    let commitment = after.account.billing_commitment.at(services.now());
    Ok(UpdateAccountSettingsOutput {
        minimum_throughput_billing_commitment: Some(rendering::billing_commitment(commitment)),
    })
}
