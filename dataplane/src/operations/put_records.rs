//! `PutRecords`: up to 500 records, each with a fate of its own.
//!
//! Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>

use anabranch_domain::AccountId;
use anabranch_domain::catalog::Stream;
use anabranch_wire::shapes::{PutRecordsInput, PutRecordsOutput, PutRecordsResultEntry};
use anabranch_wire::{ApiError, ErrorKind, Text};

use super::put::{self, RecordPlace};
use super::{Services, addressing};
use crate::routing::{Outcome, PutRecord};

/// Writes the records that can be written.
pub(super) async fn execute(
    services: &Services,
    input: PutRecordsInput,
) -> Result<PutRecordsOutput, ApiError> {
    let snapshot = services.snapshot();
    let (name, arn) = (input.stream_name.as_deref(), input.stream_arn.as_deref());
    let stream = addressing::serving_stream(&snapshot, name, arn)?;
    let dry_run = input.dry_run;
    let records = validate(services, &stream, input)?;
    let sealing = put::sealing_key(services, &stream)?;
    put::refuse_dry_run(dry_run)?;
    let outcomes = put::store(services, &stream, sealing, records).await?;
    Ok(answer(snapshot.account.id, &stream, &outcomes))
}

fn validate(
    services: &Services,
    stream: &Stream,
    input: PutRecordsInput,
) -> Result<Vec<PutRecord>, ApiError> {
    let mut request_bytes = 0;
    let mut records = Vec::with_capacity(input.records.len());
    for (place, entry) in input.records.into_iter().enumerate() {
        let record = put::parse_record(
            services,
            stream,
            entry.partition_key,
            entry.explicit_hash_key,
            entry.data,
            RecordPlace::InBatch(place),
        )?;
        request_bytes += record.counted_bytes() as u64;
        records.push(record);
    }
    let limit = services.snapshot().limits.request.put_records_bytes;
    if let Some(limit) = limit.filter(|limit| request_bytes > *limit) {
        let limit = match (limit >> 20, limit % (1 << 20)) {
            (mib, 0) => format!("{mib} MB"),
            _ => format!("{limit} byte"),
        };
        return Err(ApiError::new(
            ErrorKind::InvalidArgumentException,
            format!("Records size exceeds {limit} limit"),
        ));
    }
    Ok(records)
}

fn answer(account: AccountId, stream: &Stream, outcomes: &[Outcome]) -> PutRecordsOutput {
    let refused = outcomes
        .iter()
        .filter(|outcome| !matches!(outcome, Outcome::Stored { .. }))
        .count();
    PutRecordsOutput {
        failed_record_count: i32::try_from(refused).ok(),
        records: outcomes
            .iter()
            .map(|outcome| entry(account, stream, outcome))
            .collect(),
        encryption_type: put::encryption_type(stream),
    }
}

fn entry(account: AccountId, stream: &Stream, outcome: &Outcome) -> PutRecordsResultEntry {
    match *outcome {
        Outcome::Stored { shard, number } => PutRecordsResultEntry {
            sequence_number: Some(Text::from(number.text().as_str())),
            shard_id: Some(Text::from(shard.to_string())),
            ..PutRecordsResultEntry::default()
        },
        Outcome::Throttled { shard } => refused(
            ErrorKind::ProvisionedThroughputExceededException.name(),
            &put::throttled_text(account, stream, shard),
        ),
        Outcome::Failed => refused("InternalFailure", "Internal service failure."),
    }
}

fn refused(code: &'static str, message: &str) -> PutRecordsResultEntry {
    PutRecordsResultEntry {
        error_code: Some(Text::from_static(code)),
        error_message: Some(Text::from(message)),
        ..PutRecordsResultEntry::default()
    }
}
