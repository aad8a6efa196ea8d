//! May this caller do this to that? Asked once a request, before the action looks at anything else.
//!
//! Owns which resource a request is about; who may do what is `anabranch_domain::access`. A stream that does not exist
//! is decided by its ARN alone, so that a refusal says nothing of what there is.

use std::str::FromStr;

use anabranch_domain::access::{Caller, EVERY_RESOURCE, ResourcePolicy, decide};
use anabranch_domain::catalog::{Snapshot, Stream};
use anabranch_domain::{ConsumerArn, StreamArn, StreamName};
use anabranch_wire::{Action, ApiError, ErrorKind, Request};
use tracing::error;

use super::Services;

/// Members of requests that name a resource by its ARN.
const ARN_MEMBERS: [&str; 3] = ["ConsumerARN", "ResourceARN", "StreamARN"];

/// Refuses `request` unless `caller` may make it. `GetRecords` names its stream inside the iterator, and `ListShards` goes
/// on with a stream that is named inside the token: they ask [`check_stream`] themselves.
pub(super) fn check(
    services: &Services,
    caller: &Caller,
    request: &Request,
) -> Result<(), ApiError> {
    let snapshot = services.snapshot();
    let action = request.action();
    let names_its_stream_in_a_token =
        action == Action::ListShards && request.text("NextToken").is_some();
    if action == Action::GetRecords || names_its_stream_in_a_token {
        return Ok(());
    }
    if caller.is_unlimited_in(snapshot.account.id) && names_open_stream(&snapshot, request) {
        return Ok(());
    }
    match resource_arn(&snapshot, request) {
        Some(arn) => check_arn(&snapshot, caller, action, &arn),
        None => ask(caller, action, EVERY_RESOURCE, None),
    }
}

/// Whether the request names, by its name alone, a stream that has no policy. Nearly every put does: it is answered
/// without making an ARN and taking it apart again.
fn names_open_stream(snapshot: &Snapshot, request: &Request) -> bool {
    let names_an_arn = ARN_MEMBERS
        .iter()
        .any(|member| request.text(member).is_some());
    let stream = request
        .stream_name()
        .and_then(|name| snapshot.streams.get(name));
    !names_an_arn && stream.is_some_and(|stream| stream.resource_policy.is_none())
}

/// Refuses `action` on `stream` unless `caller` may do it.
pub(super) fn check_stream(
    services: &Services,
    caller: &Caller,
    action: Action,
    stream: &Stream,
) -> Result<(), ApiError> {
    let account = services.snapshot().account.id;
    if caller.is_unlimited_in(account) && stream.resource_policy.is_none() {
        return Ok(());
    }
    let arn = services.stream_arn(&stream.name).to_string();
    ask(caller, action, &arn, stream.resource_policy.as_deref())
}

/// Refuses `action` on a stream that is to be made unless `caller` may do it.
pub(super) fn check_new_stream(
    services: &Services,
    caller: &Caller,
    action: Action,
    stream: &StreamName,
) -> Result<(), ApiError> {
    let arn = services.stream_arn(stream).to_string();
    ask(caller, action, &arn, None)
}

/// The ARN that a request is about; none where it is about the account.
fn resource_arn(snapshot: &Snapshot, request: &Request) -> Option<String> {
    let given = ARN_MEMBERS
        .into_iter()
        .find_map(|member| request.text(member));
    if let Some(arn) = given {
        return Some(arn.to_owned());
    }
    let stream = StreamName::from_str(request.stream_name()?).ok()?;
    let account = &snapshot.account;
    let arn = StreamArn {
        region: account.region.clone(),
        account: account.id,
        stream,
    };
    Some(arn.to_string())
}

fn check_arn(
    snapshot: &Snapshot,
    caller: &Caller,
    action: Action,
    arn: &str,
) -> Result<(), ApiError> {
    ask(caller, action, arn, policy_of(snapshot, arn).as_deref())
}

/// The resource's own policy, if the ARN names something that has one.
fn policy_of(snapshot: &Snapshot, arn: &str) -> Option<String> {
    if let Ok(consumer) = arn.parse::<ConsumerArn>() {
        let stream = snapshot.streams.get(&consumer.stream_arn.stream)?;
        return stream
            .consumers
            .get(&consumer.name)?
            .resource_policy
            .clone();
    }
    let stream = arn.parse::<StreamArn>().ok()?.stream;
    snapshot.streams.get(&stream)?.resource_policy.clone()
}

fn ask(caller: &Caller, action: Action, arn: &str, policy: Option<&str>) -> Result<(), ApiError> {
    let policy = policy
        .map(ResourcePolicy::parse)
        .transpose()
        .map_err(|damaged| {
            // It was checked when it was put: to let it pass now would open what someone meant to close.
            error!(arn, %damaged, "stored resource policy cannot be read");
            ApiError::bare(ErrorKind::InternalFailure)
        })?;
    decide(caller, action.name(), arn, policy.as_ref())
        .map_err(|denial| ApiError::new(ErrorKind::AccessDeniedException, denial.to_string()))
}
