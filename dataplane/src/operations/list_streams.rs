//! `ListStreams`: all streams by name, in pages.

use std::ops::Bound;

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{Account, Snapshot, Stream};
use anabranch_wire::ApiError;
use anabranch_wire::opaque_token::TokenKind;
use anabranch_wire::shapes::{ListStreamsInput, ListStreamsOutput, StreamSummary};

use super::{Services, next_token, parsing, rendering};

/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html>: also whatever more is asked for.
const STREAMS_MAX: usize = 100;

pub(super) fn execute(
    services: &Services,
    _: &Caller,
    input: &ListStreamsInput,
) -> Result<ListStreamsOutput, ApiError> {
    let after: Option<String> = match &input.next_token {
        Some(token) => Some(next_token::open(services, TokenKind::ListStreams, token)?),
        None => input.exclusive_start_stream_name.clone(),
    };
    let limit = parsing::page_size(input.limit, STREAMS_MAX);
    let mut page = page(&services.snapshot(), after.as_deref(), limit);
    if page.has_more_streams {
        let last = page
            .stream_names
            .last()
            .expect("a page with more behind it is not empty");
        page.next_token = Some(next_token::seal(services, TokenKind::ListStreams, last)?);
    }
    Ok(page)
}

fn page(snapshot: &Snapshot, after: Option<&str>, limit: usize) -> ListStreamsOutput {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = snapshot
        .streams
        .range::<_, str>((start, Bound::Unbounded))
        .map(|(_, stream)| stream);
    let shown: Vec<_> = rest.by_ref().take(limit).collect();
    ListStreamsOutput {
        stream_names: shown.iter().map(|stream| stream.name.to_string()).collect(),
        has_more_streams: rest.next().is_some(),
        next_token: None,
        stream_summaries: Some(
            shown
                .iter()
                .map(|stream| summarize(&snapshot.account, stream))
                .collect(),
        ),
    }
}

fn summarize(account: &Account, stream: &Stream) -> StreamSummary {
    StreamSummary {
        stream_name: stream.name.to_string(),
        stream_arn: rendering::stream_arn(account, stream).to_string(),
        stream_status: stream.status.as_str().to_owned(),
        stream_mode_details: Some(rendering::stream_mode(stream.mode)),
        stream_creation_timestamp: Some(rendering::timestamp(stream.created)),
    }
}
