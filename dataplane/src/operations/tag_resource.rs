//! `TagResource`: tags of a stream or consumer, replaced where they were there.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::AddTags;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::TagResourceInput;

use super::{Services, addressing, changing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: TagResourceInput,
) -> Result<(), ApiError> {
    let found = addressing::resource(&services.snapshot(), &input.resource_arn)?;
    let change = AddTags {
        resource: found.name(),
        tags: input.tags,
    };
    changing::commit(services, change.into(), &input.resource_arn).await?;
    Ok(())
}
