//! `ListTagsForStream`: a stream's tags, in pages by key.

use std::ops::Bound;

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::Stream;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{ListTagsForStreamInput, ListTagsForStreamOutput};

use super::addressing::{self, StreamAddress};
use super::{Services, parsing, rendering};

/// A page without `Limit`: more than a stream can have.
const TAGS_MAX: usize = 100;

pub(super) fn execute(
    services: &Services,
    _: &Caller,
    input: &ListTagsForStreamInput,
) -> Result<ListTagsForStreamOutput, ApiError> {
    let snapshot = services.snapshot();
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&snapshot, address)?;
    let limit = parsing::page_size(input.limit, TAGS_MAX);
    Ok(page(
        &stream,
        input.exclusive_start_tag_key.as_deref(),
        limit,
    ))
}

fn page(stream: &Stream, after: Option<&str>, limit: usize) -> ListTagsForStreamOutput {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = stream.tags.range::<str, _>((start, Bound::Unbounded));
    ListTagsForStreamOutput {
        tags: rendering::tags(rest.by_ref().take(limit)),
        has_more_tags: rest.next().is_some(),
    }
}
