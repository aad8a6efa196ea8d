//! `RemoveTagsFromStream`: tags of a stream by their keys.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{RemoveTags, Resource};
use anabranch_wire::ApiError;
use anabranch_wire::shapes::RemoveTagsFromStreamInput;

use super::addressing::{self, StreamAddress};
use super::{Services, changing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: RemoveTagsFromStreamInput,
) -> Result<(), ApiError> {
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&services.snapshot(), address)?;
    let change = RemoveTags {
        resource: Resource::Stream(stream.name.clone()),
        keys: input.tag_keys,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    Ok(())
}
