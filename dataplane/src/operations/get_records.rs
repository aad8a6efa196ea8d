//! `GetRecords`: what a shard holds from an iterator on.
//!
//! Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>

use std::sync::Arc;

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{Shard, Stream};
use anabranch_domain::iterator::{Position, ShardIterator};
use anabranch_domain::{Timestamp, retention};
use anabranch_wire::shapes::{GetRecordsInput, GetRecordsOutput};
use anabranch_wire::{Action, ApiError, Codec, ErrorKind, encode_sized};
use bytes::Bytes;
use tracing::error;

use super::records::{self, Rendered};
use super::{Services, authorize, position, put, shard_iterators};
use crate::serving::{ReadRefused, Reader};
use crate::shard::{ReadBatch, ReadLimits};

/// The largest answer that this process makes, however high AWS's limit is set: answers are held in memory.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The same for records, which may be of no bytes.
const ANSWER_RECORDS_MAX: usize = 100_000;

/// Answers the records, encoded: the answer's size is known here, so its buffer is allocated once.
pub(super) async fn execute(
    services: &Services,
    caller: &Caller,
    codec: Codec,
    input: GetRecordsInput,
) -> Result<Bytes, ApiError> {
    let iterator = shard_iterators::open(services, &input.shard_iterator)?;
    let (stream, shard) = find(services, &iterator)?;
    authorize::check_stream(services, caller, Action::GetRecords, &stream)?;
    let now = services.now();
    put::refuse_dry_run(input.dry_run)?;
    let request_limits = services.snapshot().limits.request;
    let limits = ReadLimits {
        records_max: records_max(input.limit, request_limits.get_records_count),
        bytes_max: bytes_max(request_limits.get_records_bytes),
        horizon: retention::trim_horizon(now, stream.retention_hours),
    };
    let from = position::read_from(iterator.position);
    let read = services
        .shards
        .read(&stream, &shard, from, limits, Reader::Polling);
    let batch = read
        .await
        .map_err(|refused| refuse(services, &stream, &shard, &refused))?;
    // Looked up again after the read: what a reshard changed while it ran (a child's final creation time, the children of
    // a sealed shard) is in the catalog before the records are in the log.
    let (stream, shard) = find(services, &iterator)?;
    let rendered = records::render(&shard, &batch).map_err(|damaged| {
        error!(stream = %stream.name, shard = %shard.id, %damaged, "stored records cannot be read");
        ApiError::bare(ErrorKind::InternalFailure)
    })?;
    account_for(services, &stream, &shard, &batch, &rendered, now);
    let output = answer(services, &stream, &shard, &batch, rendered, now);
    Ok(encode_sized(codec, &output, output.encoded_bytes(codec)))
}

/// The shard of an iterator, if it and its very stream are still there.
fn find(
    services: &Services,
    iterator: &ShardIterator,
) -> Result<(Arc<Stream>, Arc<Shard>), ApiError> {
    let snapshot = services.snapshot();
    let found = snapshot
        .streams
        .get(&iterator.stream)
        .filter(|stream| stream.uid == iterator.stream_uid)
        .and_then(|stream| {
            Some((
                Arc::clone(stream),
                Arc::clone(stream.shards.get(&iterator.shard)?),
            ))
        });
    found.ok_or_else(|| {
        position::shard_does_not_exist(
            iterator.shard,
            iterator.stream.as_str(),
            snapshot.account.id.as_str(),
        )
    })
}

fn refuse(services: &Services, stream: &Stream, shard: &Shard, refused: &ReadRefused) -> ApiError {
    match refused {
        ReadRefused::Throttled => {
            let of_stream = services.metrics.streams.of(&stream.name);
            of_stream.read_throttled.inc();
            put::throttled(services.snapshot().account.id, stream, shard.id)
        }
        failed => position::unreadable(services, (stream, shard), failed, "read failed"),
    }
}

fn records_max(limit: Option<i32>, configured: Option<u32>) -> usize {
    let most = configured.map_or(ANSWER_RECORDS_MAX, |most| most as usize);
    let most = most.min(ANSWER_RECORDS_MAX);
    limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(most)
        .min(most)
}

fn bytes_max(configured: Option<u64>) -> usize {
    let most = configured.and_then(|most| usize::try_from(most).ok());
    most.map_or(ANSWER_BYTES_MAX, |most| most.min(ANSWER_BYTES_MAX))
}

fn account_for(
    services: &Services,
    stream: &Stream,
    shard: &Shard,
    batch: &ReadBatch,
    rendered: &Rendered,
    now: Timestamp,
) {
    let (bytes, records) = (rendered.counted_bytes, rendered.records.len() as u64);
    services.shards.charge_read(stream, shard, bytes, records);
    let of_stream = services.metrics.streams.of(&stream.name);
    of_stream.outgoing_bytes.inc_by(bytes);
    of_stream.outgoing_records.inc_by(records);
    if let Some(last) = batch.last_arrival() {
        let age = now.saturating_since(last);
        of_stream.iterator_age.observe(age.as_secs_f64());
    }
}

fn answer(
    services: &Services,
    stream: &Stream,
    shard: &Shard,
    batch: &ReadBatch,
    rendered: Rendered,
    now: Timestamp,
) -> GetRecordsOutput {
    let next = Position::Resume {
        log_index: batch.next.log_index,
        ordinal: batch.next.ordinal,
    };
    let (next_shard_iterator, child_shards) = if batch.is_at_end_of_sealed() {
        (None, Some(records::child_shards(stream, shard.id)))
    } else {
        let next = shard_iterators::seal(services, stream, shard, next);
        (Some(next), None)
    };
    GetRecordsOutput {
        records: rendered.records,
        next_shard_iterator,
        millis_behind_latest: Some(records::millis_behind_latest(batch, now)),
        child_shards,
    }
}
