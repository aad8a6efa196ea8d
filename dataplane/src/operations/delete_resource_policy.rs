//! `DeleteResourcePolicy`: takes a policy away again.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::DeleteResourcePolicy;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::DeleteResourcePolicyInput;

use super::{Services, addressing, changing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: DeleteResourcePolicyInput,
) -> Result<(), ApiError> {
    let found = addressing::resource(&services.snapshot(), &input.resource_arn)?;
    let change = DeleteResourcePolicy {
        resource: found.name(),
    };
    changing::commit(services, change.into(), &input.resource_arn).await?;
    Ok(())
}
