//! `UntagResource`: tags of a stream or consumer by their keys.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::RemoveTags;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::UntagResourceInput;

use super::{Services, addressing, changing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: UntagResourceInput,
) -> Result<(), ApiError> {
    let found = addressing::resource(&services.snapshot(), &input.resource_arn)?;
    let change = RemoveTags {
        resource: found.name(),
        keys: input.tag_keys,
    };
    changing::commit(services, change.into(), &input.resource_arn).await?;
    Ok(())
}
