//! `AddTagsToStream`: tags of a stream, replaced where they were there.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{AddTags, Resource};
use anabranch_wire::ApiError;
use anabranch_wire::shapes::AddTagsToStreamInput;

use super::addressing::{self, StreamAddress};
use super::{Services, changing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: AddTagsToStreamInput,
) -> Result<(), ApiError> {
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&services.snapshot(), address)?;
    let change = AddTags {
        resource: Resource::Stream(stream.name.clone()),
        tags: input.tags,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    Ok(())
}
