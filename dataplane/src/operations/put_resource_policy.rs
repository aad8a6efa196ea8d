//! `PutResourcePolicy`: who else may do what to a stream or consumer.

use anabranch_domain::access::{Caller, ResourcePolicy};
use anabranch_domain::catalog::PutResourcePolicy;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::PutResourcePolicyInput;

use super::{Services, addressing, changing, errors};

/// A document that could not be enforced must not be stored as if it were.
fn validate(input: &PutResourcePolicyInput) -> Result<(), ApiError> {
    match ResourcePolicy::parse(&input.policy) {
        Ok(_) => Ok(()),
        Err(reason) => Err(errors::invalid_argument(format!(
            "Invalid resource policy: {reason}"
        ))),
    }
}

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: PutResourcePolicyInput,
) -> Result<(), ApiError> {
    validate(&input)?;
    let found = addressing::resource(&services.snapshot(), &input.resource_arn)?;
    let change = PutResourcePolicy {
        resource: found.name(),
        policy: input.policy,
    };
    changing::commit(services, change.into(), &input.resource_arn).await?;
    Ok(())
}
