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
use crate::shard::{Append, AppendError, Appended, NewRecord};

/// Between two attempts that failed for another reason than a reshard.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Puts `records` into the shards of `stream` that take them; waits a few seconds for a reshard if it must.
pub(crate) async fn put(
    services: &Services,
    stream: &Arc<Stream>,
    sealing: Option<Arc<RecordKey>>,
    records: Vec<PutRecord>,
) -> Vec<Outcome> {
    let deadline = Instant::now() + services.put_patience;
    let mut bench = Workbench::new(records, sealing);
    let mut unclear = Vec::new();
    let mut stream = Arc::clone(stream);
    loop {
        // Taken before the attempt, so that a change during it is not slept through.
        let mut changes = services.catalog.subscribe();
        unclear = attempt(services, &stream, &mut bench, unclear).await;
        let is_done = bench.is_done() && unclear.is_empty();
        if is_done || Instant::now() >= deadline {
            return bench.finish();
        }
        let pause = (Instant::now() + RETRY_PAUSE).min(deadline);
        // Whether a change or the pause comes first, the newest catalog decides what happens next.
        let _ = timeout_at(pause, changes.changed()).await;
        match services.snapshot().streams.get(&stream.name) {
            Some(newest) if newest.uid == stream.uid => stream = Arc::clone(newest),
            _ => return bench.finish(),
        }
    }
}

/// The records of one put that one shard takes, by their places in the request.
struct Group {
    shard: Arc<Shard>,
    places: Vec<usize>,
    /// The same in every attempt of this group at this shard.
    token: AppendToken,
}

/// Tries the pending records, and the groups of which it is not clear whether they were written. Gives back those of
/// which it still is not.
async fn attempt(
    services: &Services,
    stream: &Stream,
    bench: &mut Workbench,
    mut groups: Vec<Group>,
) -> Vec<Group> {
    groups.append(&mut admit(services, stream, bench));
    let appended = match groups.as_slice() {
        // Nearly every PutRecord: one group needs no joining.
        [group] => vec![append(services, group, bench).await],
        groups => join_all(groups.iter().map(|group| append(services, group, bench))).await,
    };
    let mut unclear = Vec::new();
    for (group, appended) in groups.into_iter().zip(appended) {
        if matches!(appended, Err(AppendError::Unclear)) {
            unclear.push(group);
        } else {
            settle(services, stream, &group, appended, bench);
        }
    }
    unclear
}

/// Sorts the pending records by shard, and turns away those that are past a shard's write limit.
fn admit(services: &Services, stream: &Stream, bench: &mut Workbench) -> Vec<Group> {
    let mut by_shard: BTreeMap<ShardId, Vec<usize>> = BTreeMap::new();
    for place in bench.take_pending() {
        match stream.open_shards.shard_of(bench.record(place).hash_key) {
            Some(shard) => by_shard.entry(shard).or_default().push(place),
            None => bench.put_back([place]),
        }
    }
    by_shard
        .into_iter()
        .filter_map(|(id, places)| {
            let shard = Arc::clone(stream.shards.get(&id)?);
            let places = throttle(services, stream, &shard, places, bench);
            let token = AppendToken::from_bits(services.entropy.random_u128());
            (!places.is_empty()).then_some(Group {
                shard,
                places,
                token,
            })
        })
        .collect()
}

/// The places of the records that the shard's write limit lets in; the others are settled.
fn throttle(
    services: &Services,
    stream: &Stream,
    shard: &Shard,
    mut places: Vec<usize>,
    bench: &mut Workbench,
) -> Vec<usize> {
    let now = services.now();
    let throttle = services.throttles.of(shard.uid, now);
    let mut tanks = throttle.lock();
    let (mut refused_bytes, mut refused_records) = (0, 0);
    places.retain(|&place| {
        let bytes = bench.record(place).counted_bytes() as u64;
        let taken = tanks.write.take(now, bytes).is_ok();
        if !taken {
            refused_bytes += bytes;
            refused_records += 1;
            bench.settle(place, Outcome::Throttled { shard: shard.id });
        }
        taken
    });
    if refused_records > 0 {
        let of_shard = services
            .metrics
            .shards
            .of(shard.uid, &stream.name, shard.id);
        of_shard.refused_bytes.inc_by(refused_bytes);
        of_shard.refused_records.inc_by(refused_records);
        let of_stream = services.metrics.streams.of(&stream.name);
        of_stream.write_throttled.inc_by(refused_records);
    }
    places
}

async fn append(
    services: &Services,
    group: &Group,
    bench: &Workbench,
) -> Result<Appended, AppendError> {
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
    services.shard(&group.shard).append(append).await
}

fn settle(
    services: &Services,
    stream: &Stream,
    group: &Group,
    appended: Result<Appended, AppendError>,
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
        Err(refused) if is_worth_waiting(&refused) => {
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

/// What passes by itself within a put's patience: a reshard, a full queue, a group that starts again. A full disk does
/// not; the producer hears of it at once.
fn is_worth_waiting(refused: &AppendError) -> bool {
    match refused {
        AppendError::Sealed { .. }
        | AppendError::NotActive
        | AppendError::Overloaded { .. }
        | AppendError::Unclear => true,
        AppendError::StorageLow
        | AppendError::Gone
        | AppendError::TooLarge
        | AppendError::Log(_) => false,
    }
}

fn count_incoming(services: &Services, stream: &Stream, group: &Group, bench: &Workbench) {
    let places = group.places.iter();
    let bytes: usize = places
        .map(|&place| bench.record(place).counted_bytes())
        .sum();
    let (bytes, records) = (bytes as u64, group.places.len() as u64);
    let shard = &group.shard;
    let of_shard = services
        .metrics
        .shards
        .of(shard.uid, &stream.name, shard.id);
    of_shard.incoming_bytes.inc_by(bytes);
    of_shard.incoming_records.inc_by(records);
    let of_stream = services.metrics.streams.of(&stream.name);
    of_stream.incoming_bytes.inc_by(bytes);
    of_stream.incoming_records.inc_by(records);
}
