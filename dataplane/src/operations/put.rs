//! What `PutRecord` and `PutRecords` have in common: one record's rules and texts.

use std::sync::Arc;

use anabranch_domain::catalog::{RecordDistribution, Stream};
use anabranch_domain::{AccountId, HashKey, ShardId};
use anabranch_store::entry::RecordKey;
use anabranch_wire::constraint::Violations;
use anabranch_wire::{ApiError, Blob, ErrorKind, Text};

use super::Services;
use super::errors::stream_not_found;
use crate::routing::{self, Outcome, PutRecord, StreamGone};

/// Where a record stands in its request: AWS's texts name it.
#[derive(Debug, Clone, Copy)]
pub(super) enum RecordPlace {
    /// In a `PutRecord`.
    Alone,
    /// In a `PutRecords`, counted from 0.
    InBatch(usize),
}

/// A record as a producer sent it, checked against the rules of its stream.
pub(super) fn parse_record(
    services: &Services,
    stream: &Stream,
    partition_key: Option<Text>,
    explicit_hash_key: Option<Text>,
    data: Blob,
    place: RecordPlace,
) -> Result<PutRecord, ApiError> {
    let explicit_hash_key = explicit_hash_key
        .map(|text| text.parse().map_err(|_| invalid_hash_key(&text)))
        .transpose()?;
    let hash_key = match (
        stream.record_distribution,
        explicit_hash_key,
        &partition_key,
    ) {
        (RecordDistribution::Auto, _, _) => HashKey::new(services.entropy.random_u128()),
        (RecordDistribution::UserPartitionKey, Some(chosen), _) => chosen,
        (RecordDistribution::UserPartitionKey, None, Some(key)) => HashKey::of_partition_key(key),
        (RecordDistribution::UserPartitionKey, None, None) => return Err(missing_key(place)),
    };
    let record = PutRecord {
        hash_key,
        partition_key,
        explicit_hash_key,
        data: data.0,
    };
    if record.counted_bytes() as u64 > stream.max_record_size_bytes() {
        return Err(too_large(stream, &record, place));
    }
    Ok(record)
}

fn invalid_hash_key(given: &str) -> ApiError {
    ApiError::new(
        ErrorKind::InvalidArgumentException,
        format!(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {given}"
        ),
    )
}

/// AWS's constraint text: only a stream of AUTO distribution may do without a partition key.
fn missing_key(place: RecordPlace) -> ApiError {
    let mut violations = Violations::new();
    violations.missing(&member_path(place, "partitionKey"));
    violations
        .into_result()
        .expect_err("a violation was just added")
}

/// AWS counts the key too, but speaks of the data, whose length was the model's constraint before record sizes could
/// be chosen.
fn too_large(stream: &Stream, record: &PutRecord, place: RecordPlace) -> ApiError {
    let limit = stream.max_record_size_bytes();
    if record.data.len() as u64 > limit {
        let mut violations = Violations::new();
        violations.too_long_blob(
            &member_path(place, "data"),
            usize::try_from(limit).unwrap_or(usize::MAX),
        );
        return violations
            .into_result()
            .expect_err("a violation was just added");
    }
    ApiError::new(
        ErrorKind::InvalidArgumentException,
        format!(
            "Record size of {} bytes, data and partition key together, exceeds the limit of {limit} bytes of stream {}",
            record.counted_bytes(),
            stream.name
        ),
    )
}

fn member_path(place: RecordPlace, member: &str) -> String {
    match place {
        RecordPlace::Alone => member.to_owned(),
        RecordPlace::InBatch(index) => format!("records.{}.member.{member}", index + 1),
    }
}

/// AWS names the type only where records are encrypted.
pub(super) fn encryption_type(stream: &Stream) -> Option<Text> {
    stream.encryption.as_ref().map(|_| sealed())
}

/// The type of records that are.
pub(super) fn sealed() -> Text {
    Text::from_static("KMS")
}

/// The key that seals new records of `stream`; none where it is not encrypted. A key that is missing is an error, never
/// a reason to write in the clear.
pub(super) fn sealing_key(
    services: &Services,
    stream: &Stream,
) -> Result<Option<Arc<RecordKey>>, ApiError> {
    let Some(id) = &stream.encryption else {
        return Ok(None);
    };
    match services.keys.sealing_key(id) {
        Some(key) => Ok(Some(key)),
        None => Err(ApiError::new(
            ErrorKind::KMSNotFoundException,
            format!(
                "Key {id} of stream {} is not among the encryption keys of this server.",
                stream.name
            ),
        )),
    }
}

/// AWS's text for a record or a read past a shard's limit.
pub(super) fn throttled_text(account: AccountId, stream: &Stream, shard: ShardId) -> String {
    format!(
        "Rate exceeded for shard {shard} in stream {} under account {account}.",
        stream.name
    )
}

/// AWS's error where a whole call is past a shard's limit.
pub(super) fn throttled(account: AccountId, stream: &Stream, shard: ShardId) -> ApiError {
    ApiError::new(
        ErrorKind::ProvisionedThroughputExceededException,
        throttled_text(account, stream, shard),
    )
}

/// Puts `records` into `stream`. One that is deleted meanwhile is not found.
pub(super) async fn store(
    services: &Services,
    stream: &Arc<Stream>,
    sealing: Option<Arc<RecordKey>>,
    records: Vec<PutRecord>,
) -> Result<Vec<Outcome>, ApiError> {
    let outcomes = routing::put(services, stream, sealing, records).await;
    outcomes.map_err(|StreamGone| {
        let account = services.snapshot().account.id;
        stream_not_found(stream.name.as_str(), account.as_str())
    })
}

/// What a request that only asked whether it would succeed is told.
pub(super) fn refuse_dry_run(dry_run: Option<bool>) -> Result<(), ApiError> {
    if dry_run == Some(true) {
        return Err(ApiError::new(
            ErrorKind::DryRunOperationException,
            "The request would have succeeded, but the DryRun flag is set.",
        ));
    }
    Ok(())
}
