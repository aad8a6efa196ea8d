//! `PutRecord`: one record.
//!
//! Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>

use anabranch_domain::AccountId;
use anabranch_domain::catalog::Stream;
use anabranch_domain::sequence_number::GivenSequenceNumber;
use anabranch_wire::shapes::{PutRecordInput, PutRecordOutput};
use anabranch_wire::{ApiError, ErrorKind, Text};

use super::put::{self, RecordPlace};
use super::{Services, addressing};
use crate::routing::{Outcome, PutRecord};

/// Writes the record.
pub(super) async fn execute(
    services: &Services,
    input: PutRecordInput,
) -> Result<PutRecordOutput, ApiError> {
    let snapshot = services.snapshot();
    let account = snapshot.account.id;
    let (name, arn) = (input.stream_name.as_deref(), input.stream_arn.as_deref());
    let stream = addressing::serving_stream(&snapshot, name, arn)?;
    let dry_run = input.dry_run;
    let record = validate(services, account, &stream, input)?;
    let sealing = put::sealing_key(services, &stream)?;
    put::refuse_dry_run(dry_run)?;
    let mut outcomes = put::store(services, &stream, sealing, vec![record]).await?;
    let outcome = outcomes.pop().expect("one record, one outcome");
    answer(account, &stream, &outcome)
}

fn validate(
    services: &Services,
    account: AccountId,
    stream: &Stream,
    input: PutRecordInput,
) -> Result<PutRecord, ApiError> {
    let record = put::parse_record(
        services,
        stream,
        input.partition_key,
        input.explicit_hash_key,
        input.data,
        RecordPlace::Alone,
    )?;
    if let Some(number) = &input.sequence_number_for_ordering {
        // A record's number is always greater than every number its shard has given out, so a valid one needs no more.
        let is_valid = number
            .parse::<GivenSequenceNumber>()
            .is_ok_and(|number| !number.is_in_the_future(services.now()));
        if !is_valid {
            return Err(ApiError::new(
                ErrorKind::InvalidArgumentException,
                format!(
                    "ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {} under account {account} is invalid.",
                    stream.name
                ),
            ));
        }
    }
    Ok(record)
}

fn answer(
    account: AccountId,
    stream: &Stream,
    outcome: &Outcome,
) -> Result<PutRecordOutput, ApiError> {
    match *outcome {
        Outcome::Stored { shard, number } => Ok(PutRecordOutput {
            shard_id: Text::from(shard.to_string()),
            sequence_number: Text::from(number.text().as_str()),
            encryption_type: put::encryption_type(stream),
        }),
        Outcome::Throttled { shard } => Err(put::throttled(account, stream, shard)),
        Outcome::Failed => Err(ApiError::bare(ErrorKind::InternalFailure)),
    }
}
