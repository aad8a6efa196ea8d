//! Where to start reading, as `GetShardIterator` and `SubscribeToShard` are asked: the same rules, the same texts.

use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::{Shard, ShardStatus, Stream};
use anabranch_domain::iterator::Position;
use anabranch_domain::sequence_number::{GivenSequenceNumber, SequenceNumberVersion};
use anabranch_domain::{SequenceNumber, ShardId, Timestamp};
use anabranch_wire::{ApiError, ErrorKind};
use tokio::time::{Instant, timeout_at};
use tracing::error;

use super::Services;
use super::errors::invalid_argument;
use crate::serving::ReadRefused;
use crate::shard::{ReadFrom, Resume};

/// A starting position as a request gives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// `ShardIteratorType`, or the `Type` of a `StartingPosition`.
    pub(super) kind: &'a str,
    /// `StartingSequenceNumber`, or `SequenceNumber`.
    pub(super) number: Option<&'a str>,
    /// `Timestamp`.
    pub(super) timestamp: Option<anabranch_wire::Timestamp>,
}

/// Where it is asked: what AWS's texts name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) stream: &'a Stream,
    pub(super) shard: &'a Shard,
    pub(super) account: &'a str,
    /// `GetShardIterator` or `SubscribeToShard`.
    pub(super) action: &'static str,
    pub(super) now: Timestamp,
}

/// A valid starting position; `LATEST` still has to be looked up in the shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// A position that says all by itself.
    At(Position),
    /// After the newest record.
    Latest,
}

/// Checks what was asked, in AWS's order.
pub(super) fn parse(asked: Asked<'_>, place: Place<'_>) -> Result<Start, ApiError> {
    match (asked.kind, asked.number) {
        ("TRIM_HORIZON" | "LATEST", Some(_)) => Err(wrong_combination(asked.kind, "also a")),
        (_, Some(number)) => parse_number(asked.kind, number, place),
        ("TRIM_HORIZON", None) => Ok(Start::At(Position::TrimHorizon)),
        ("LATEST", None) => Ok(Start::Latest),
        ("AT_TIMESTAMP", None) => parse_timestamp(asked.timestamp, place.now),
        (kind, None) => Err(wrong_combination(kind, "no")),
    }
}

fn parse_number(kind: &str, text: &str, place: Place<'_>) -> Result<Start, ApiError> {
    let given: GivenSequenceNumber = text.parse().map_err(|_| invalid_number(text, place, ""))?;
    let shard = place.shard;
    if !given.shard().is(shard.id) {
        return Err(invalid_argument(format!(
            "Invalid StartingSequenceNumber. It encodes {}, while it was used in a call to a shard with {}",
            given.shard(),
            shard.id
        )));
    }
    if !given.is_of_shard_created_at(shard.created) {
        if given.version() == SequenceNumberVersion::V0 {
            return Err(ApiError::bare(ErrorKind::InternalFailure));
        }
        return Err(invalid_number(
            text,
            place,
            " because it did not come from this stream",
        ));
    }
    let number = given
        .number()
        .ok_or_else(|| invalid_number(text, place, ""))?;
    Ok(Start::At(if kind == "AT_SEQUENCE_NUMBER" {
        Position::AtSequence(number)
    } else {
        Position::AfterSequence(number)
    }))
}

fn parse_timestamp(
    timestamp: Option<anabranch_wire::Timestamp>,
    now: Timestamp,
) -> Result<Start, ApiError> {
    let Some(timestamp) = timestamp else {
        return Err(invalid_argument(
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. \
             Current request has no timestamp parameter.",
        ));
    };
    let asked_ms = timestamp.as_millis();
    let now_ms = now.as_millis();
    if i64::try_from(now_ms).is_ok_and(|now_ms| asked_ms > now_ms) {
        return Err(invalid_argument(format!(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
             timestampInMillis: {asked_ms}, currentTimestampInMillis: {now_ms}"
        )));
    }
    let time = Timestamp::from_millis(u64::try_from(asked_ms).unwrap_or(0));
    Ok(Start::At(Position::AtTimestamp(time)))
}

fn wrong_combination(kind: &str, number: &str) -> ApiError {
    invalid_argument(format!(
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or \
         (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. \
         Request specified {kind} and {number} StartingSequenceNumber."
    ))
}

fn invalid_number(text: &str, place: Place<'_>, because: &str) -> ApiError {
    invalid_argument(format!(
        "StartingSequenceNumber {text} used in {} on shard {} in stream {} under account {} is invalid{because}.",
        place.action, place.shard.id, place.stream.name, place.account
    ))
}

/// Where a shard is to be read from for a position.
pub(super) fn read_from(position: Position) -> ReadFrom {
    match position {
        Position::AtSequence(number) => ReadFrom::Ordinal(ordinal_at(number)),
        Position::AfterSequence(number) => ReadFrom::Ordinal(number.ordinal_after()),
        Position::AtTimestamp(time) => ReadFrom::Timestamp(time),
        Position::TrimHorizon => ReadFrom::TrimHorizon,
        Position::Latest { ordinal } => ReadFrom::Ordinal(ordinal),
        Position::Resume { log_index, ordinal } => ReadFrom::Resume(Resume { log_index, ordinal }),
    }
}

/// The first record whose number is this or greater: the numbers of a shard are ordered by their ordinals.
fn ordinal_at(number: SequenceNumber) -> u64 {
    number.ordinal()
}

/// How long a reader waits for a child shard that its parents' end has named already: a reshard takes milliseconds more.
const BIRTH_PATIENCE: Duration = Duration::from_secs(5);

/// A shard to be read, and its stream. A child that does not take records yet is waited for: its creation time, and with
/// it every number that is made of it, is final only then.
pub(super) async fn find_born_shard(
    services: &Services,
    stream: Arc<Stream>,
    text: &str,
    account: &str,
) -> Result<(Arc<Stream>, Arc<Shard>), ApiError> {
    let mut changes = services.catalog.subscribe();
    let mut stream = stream;
    let deadline = Instant::now() + BIRTH_PATIENCE;
    loop {
        let shard = Arc::new(find_shard(&stream, text, account)?.clone());
        if shard.status != ShardStatus::Creating {
            return Ok((stream, shard));
        }
        let newest = services.snapshot().streams.get(&stream.name).cloned();
        match newest.filter(|newest| newest.uid == stream.uid) {
            Some(newest) if !Arc::ptr_eq(&newest, &stream) => stream = newest,
            Some(_) => {
                if !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                    return Err(ApiError::bare(ErrorKind::InternalFailure));
                }
            }
            None => {
                return Err(shard_does_not_exist(
                    shard.id,
                    stream.name.as_str(),
                    account,
                ));
            }
        }
    }
}

/// The shard of this id in `stream`, or AWS's refusal.
fn find_shard<'a>(stream: &'a Stream, text: &str, account: &str) -> Result<&'a Shard, ApiError> {
    let id: ShardId = text
        .parse()
        .map_err(|_| super::errors::shard_not_found(text, stream.name.as_str(), account))?;
    stream
        .shards
        .get(&id)
        .map(|shard| &**shard)
        .ok_or_else(|| shard_does_not_exist(id, stream.name.as_str(), account))
}

/// What is said of a shard that could not be read: that it is no more, where it was deleted meanwhile.
pub(super) fn unreadable(
    services: &Services,
    (stream, shard): (&Stream, &Shard),
    failed: &ReadRefused,
    what: &str,
) -> ApiError {
    let snapshot = services.snapshot();
    let newest = snapshot.still_serving(stream);
    if newest.is_none_or(|newest| !newest.shards.contains_key(&shard.id)) {
        let account = snapshot.account.id;
        return shard_does_not_exist(shard.id, stream.name.as_str(), account.as_str());
    }
    error!(stream = %stream.name, shard = %shard.id, %failed, "{what}");
    ApiError::bare(ErrorKind::InternalFailure)
}

/// `ResourceNotFoundException` where a shard is to be read.
pub(super) fn shard_does_not_exist(shard: ShardId, stream: &str, account: &str) -> ApiError {
    ApiError::new(
        ErrorKind::ResourceNotFoundException,
        format!("Shard {shard} in stream {stream} under account {account} does not exist"),
    )
}
