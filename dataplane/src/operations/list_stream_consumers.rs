//! `ListStreamConsumers`: a stream's enhanced fan-out consumers by name, in pages.

use std::ops::Bound;

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{Account, Stream};
use anabranch_wire::ApiError;
use anabranch_wire::opaque_token::TokenKind;
use anabranch_wire::shapes::{ListStreamConsumersInput, ListStreamConsumersOutput};

use super::addressing::{self, StreamAddress};
use super::{Services, errors, next_token, parsing, rendering};

/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreamConsumers.html>: also whatever more is asked for.
const CONSUMERS_MAX: usize = 100;

/// Where a page ended.
#[derive(serde::Serialize, serde::Deserialize)]
struct PageEnd {
    stream_arn: String,
    after: String,
}

fn validate(input: &ListStreamConsumersInput) -> Result<usize, ApiError> {
    if input.next_token.is_some() && input.stream_creation_timestamp.is_some() {
        return Err(errors::invalid_argument(
            "NextToken and StreamCreationTimestamp cannot be provided together.",
        ));
    }
    Ok(parsing::page_size(input.max_results, CONSUMERS_MAX))
}

pub(super) fn execute(
    services: &Services,
    _: &Caller,
    input: &ListStreamConsumersInput,
) -> Result<ListStreamConsumersOutput, ApiError> {
    let limit = validate(input)?;
    let snapshot = services.snapshot();
    let stream = addressing::stream(&snapshot, StreamAddress::of_arn(&input.stream_arn))?;
    if let Some(created) = input.stream_creation_timestamp {
        addressing::check_created(&snapshot, &stream, created)?;
    }
    let after = match &input.next_token {
        None => None,
        Some(token) => {
            let end: PageEnd = next_token::open(services, TokenKind::ListStreamConsumers, token)?;
            if end.stream_arn != input.stream_arn {
                return Err(errors::invalid_argument(
                    "NextToken was issued for another stream.",
                ));
            }
            Some(end.after)
        }
    };
    let (mut page, has_more) = page(&snapshot.account, &stream, after.as_deref(), limit);
    if let Some(last) = page.consumers.iter().flatten().last().filter(|_| has_more) {
        let end = PageEnd {
            stream_arn: input.stream_arn.clone(),
            after: last.consumer_name.clone(),
        };
        page.next_token = Some(next_token::seal(
            services,
            TokenKind::ListStreamConsumers,
            end,
        )?);
    }
    Ok(page)
}

fn page(
    account: &Account,
    stream: &Stream,
    after: Option<&str>,
    limit: usize,
) -> (ListStreamConsumersOutput, bool) {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = stream
        .consumers
        .range::<_, str>((start, Bound::Unbounded))
        .map(|(_, consumer)| consumer);
    let shown = rest
        .by_ref()
        .take(limit)
        .map(|consumer| rendering::consumer(account, stream, consumer))
        .collect();
    (
        ListStreamConsumersOutput {
            consumers: Some(shown),
            next_token: None,
        },
        rest.next().is_some(),
    )
}
