//! `ListTagsForResource`: all tags of a stream or consumer.

use anabranch_domain::access::Caller;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{ListTagsForResourceInput, ListTagsForResourceOutput};

use super::addressing::{self, Resource};
use super::{Services, rendering};

pub(super) fn execute(
    services: &Services,
    _: &Caller,
    input: &ListTagsForResourceInput,
) -> Result<ListTagsForResourceOutput, ApiError> {
    let tags = match addressing::resource(&services.snapshot(), &input.resource_arn)? {
        Resource::Stream(stream) => rendering::tags(&stream.tags),
        Resource::Consumer(found) => rendering::tags(&found.consumer.tags),
    };
    Ok(ListTagsForResourceOutput { tags: Some(tags) })
}
