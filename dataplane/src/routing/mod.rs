//! From a hash key to the open shard that takes it, through reshards and failures.
//!
//! Owns the patience of a put: a sealed shard is no error here but a reason to wait for the catalog to show its
//! children, and a shard that cannot take a record now is tried again, until the request's time is up.
//! Invariant: a record is appended by one successful attempt only; an attempt whose end is unknown is repeated under
//! the same token, so that the shard answers it with the first attempt's numbers.

mod workbench;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::{Shard, Stream};
use anabranch_domain::shard_state::AppendToken;
use anabranch_domain::{SequenceNumber, ShardId};
use anabranch_store::entry::RecordKey;
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

pub use workbench::{Outcome, PutRecord, Workbench};

use crate::operations::Services;
use crate::serving::{Attempt, NotAppended, Verdict};
use crate::shard::{Append, Appended, NewRecord};

/// Between two attempts: from this, doubled each time, to [`RETRY_PAUSE_MAX`]. A change of the catalog ends a pause early.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest pause: a pod that is back is found within this time.
const RETRY_PAUSE_MAX: Duration = Duration::from_millis(320);

/// The stream was deleted while records were being put, and with it those that it had taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamGone;

/// Puts `records` into the shards of `stream` that take them; waits a few seconds for a reshard if it must.
pub(crate) async fn put(
    services: &Services,
    stream: &Arc<Stream>,
    sealing: Option<Arc<RecordKey>>,
    records: Vec<PutRecord>,
) -> Result<Vec<Outcome>, StreamGone> {
    let deadline = Instant::now() + services.put_patience;
    let mut bench = Workbench::new(records, sealing);
    let mut unclear = Vec::new();
    let mut stream = Arc::clone(stream);
    let mut pause = RETRY_PAUSE_MIN;
    loop {
        // Taken before the attempt, so that a change during it is not slept through.
        let mut changes = services.catalog.subscribe();
        unclear = attempt(services, &stream, &mut bench, unclear).await;
        let is_done = bench.is_done() && unclear.is_empty();
        if is_done || Instant::now() >= deadline {
            return Ok(bench.finish());
        }
        let again_at = (Instant::now() + pause).min(deadline);
        // Whether a change or the pause comes first, the newest catalog decides what happens next.
        let _ = timeout_at(again_at, changes.changed()).await;
        pause = (pause * 2).min(RETRY_PAUSE_MAX);
        let snapshot = services.snapshot();
        stream = Arc::clone(snapshot.still_serving(&stream).ok_or(StreamGone)?);
    }
}

/// The records of one put that one shard takes, by their places in the request.
struct Group {
    shard: Arc<Shard>,
    places: Vec<usize>,
    /// The same in every attempt of this group at this shard.
    token: AppendToken,
    /// Whether the shard's limits have let it in.
    attempt: Attempt,
}

/// Tries the pending records, and the groups of which it is not clear whether they were written. Gives back those of
/// which it still is not.
async fn attempt(
    services: &Services,
    stream: &Stream,
    bench: &mut Workbench,
    mut groups: Vec<Group>,
) -> Vec<Group> {
    groups.append(&mut group(services, stream, bench));
    let verdicts = match groups.as_slice() {
        // Nearly every PutRecord: one group needs no joining.
        [group] => vec![append(services, stream, group, bench).await],
        groups => {
            let appends = groups
                .iter()
                .map(|group| append(services, stream, group, bench));
            join_all(appends).await
        }
    };
    let mut unclear = Vec::new();
    for (mut group, verdict) in groups.into_iter().zip(verdicts) {
        settle_throttled(services, stream, &mut group, &verdict.throttled, bench);
        match verdict.outcome {
            None => {}
            Some(Err(NotAppended::Unclear(_))) => {
                group.attempt = Attempt::Repeated;
                unclear.push(group);
            }
            // Nothing was written by this attempt. What became of the one before is still not known, and only its own token
            // finds out.
            Some(Err(NotAppended::Later(_) | NotAppended::Elsewhere { .. }))
                if group.attempt == Attempt::Repeated =>
            {
                unclear.push(group);
            }
            Some(appended) => settle(services, stream, &group, appended, bench),
        }
    }
    unclear
}

/// Sorts the pending records by shard.
fn group(services: &Services, stream: &Stream, bench: &mut Workbench) -> Vec<Group> {
    let mut by_shard: BTreeMap<ShardId, Vec<usize>> = BTreeMap::new();
    for place in bench.take_pending() {
        match stream.open_shards.shard_of(bench.record(place).hash_key) {
            Some(shard) => by_shard.entry(shard).or_default().push(place),
            None => bench.put_back([place]),
        }
    }
    let groups = by_shard.into_iter().filter_map(|(id, places)| {
        let shard = Arc::clone(stream.shards.get(&id)?);
        Some(Group {
            shard,
            places,
            token: AppendToken::from_bits(services.entropy.random_u128()),
            attempt: Attempt::First,
        })
    });
    groups.collect()
}

/// Settles the records that the shard's write limit refused, and takes them out of the group.
fn settle_throttled(
    services: &Services,
    stream: &Stream,
    group: &mut Group,
    throttled: &[usize],
    bench: &mut Workbench,
) {
    if throttled.is_empty() {
        return;
    }
    for &place in throttled {
        let shard = group.shard.id;
        bench.settle(group.places[place], Outcome::Throttled { shard });
    }
    let mut refused = throttled.iter().copied().peekable();
    let mut place = 0;
    group.places.retain(|_| {
        let is_refused = refused.next_if_eq(&place).is_some();
        place += 1;
        !is_refused
    });
    let of_stream = services.metrics.streams.of(&stream.name);
    of_stream.write_throttled.inc_by(throttled.len() as u64);
}

async fn append(services: &Services, stream: &Stream, group: &Group, bench: &Workbench) -> Verdict {
    let records = group.places.iter().map(|&place| {
        let record = bench.record(place);
        NewRecord {
            partition_key: record.partition_key.clone(),
            explicit_hash_key: record.explicit_hash_key,
            data: record.data.clone(),
        }
    });
    let append = Append {
        records: records.collect(),
        token: Some(group.token),
        sealing: bench.sealing(),
    };
    let shards = &services.shards;
    shards
        .append(stream, &group.shard, append, group.attempt)
        .await
}

fn settle(
    services: &Services,
    stream: &Stream,
    group: &Group,
    appended: Result<Appended, NotAppended>,
    bench: &mut Workbench,
) {
    let shard = &group.shard;
    match appended {
        Ok(appended) => {
            count_incoming(services, stream, group, bench);
            for (ordinal, &place) in (appended.first_ordinal..).zip(&group.places) {
                let number =
                    SequenceNumber::record(shard.created, shard.id, ordinal, appended.arrival);
                let shard = shard.id;
                bench.settle(place, Outcome::Stored { shard, number });
            }
        }
        Err(NotAppended::Later(_) | NotAppended::Elsewhere { .. } | NotAppended::Sealed) => {
            bench.put_back(group.places.iter().copied());
        }
        Err(failed) => {
            warn!(stream = %stream.name, shard = %shard.id, records = group.places.len(), %failed, "append failed");
            for &place in &group.places {
                bench.settle(place, Outcome::Failed);
            }
        }
    }
}

fn count_incoming(services: &Services, stream: &Stream, group: &Group, bench: &Workbench) {
    let places = group.places.iter();
    let bytes: usize = places
        .map(|&place| bench.record(place).counted_bytes())
        .sum();
    let of_stream = services.metrics.streams.of(&stream.name);
    of_stream.incoming_bytes.inc_by(bytes as u64);
    of_stream.incoming_records.inc_by(group.places.len() as u64);
}
