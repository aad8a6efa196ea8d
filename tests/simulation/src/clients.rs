//! The load: producers that put records key by key, consumers that follow the lineage, and one that reads everything at the
//! end. What they see is all that most invariants know.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::{SequenceNumber, ShardId};

use crate::dice::Dice;
use crate::gateway::Gateway;
use crate::history::{Audit, AuditedShard, Put, Read, Tip};
use crate::stage::{Act, Stage};
use crate::trace;

/// Keys of one producer.
const KEYS: usize = 4;

/// Waits until `act` begins.
pub(crate) async fn wait_for(stage: &Stage, act: Act) {
    while stage.act() < act {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Puts one batch after the other for as long as there is load.
pub(crate) async fn produce(
    stage: Arc<Stage>,
    gateway: Arc<Gateway>,
    name: String,
    dice: Arc<Dice>,
) {
    wait_for(&stage, Act::Load).await;
    let pause_ms_max = dice.within(1..=150);
    let mut number = 0_u64;
    while stage.act() == Act::Load {
        let first_key = dice.below(KEYS);
        // Each key once in a batch: records of one key are put one after the other.
        let batch: Vec<_> = (0..=dice.below(KEYS))
            .map(|offset| {
                number += 1;
                let key = (first_key + offset) % KEYS;
                (format!("{name}-key-{key}"), format!("{name}/{number}"))
            })
            .collect();
        put(&stage, &gateway, &batch).await;
        tokio::time::sleep(dice.millis(0..=pause_ms_max)).await;
    }
}

async fn put(stage: &Stage, gateway: &Gateway, batch: &[(String, String)]) {
    let invoked = trace::moment();
    let first = {
        let mut history = stage.recorder.lock();
        let first = history.puts.len();
        // Written down before the answer: a gateway may die while it waits for it.
        history.puts.extend(batch.iter().map(|(key, data)| Put {
            key: key.clone(),
            data: data.clone(),
            invoked,
            returned: None,
            place: None,
        }));
        first
    };
    let answers = gateway.put(batch).await;
    let returned = trace::moment();
    let mut history = stage.recorder.lock();
    for (offset, answer) in answers.into_iter().enumerate() {
        let put = &mut history.puts[first + offset];
        put.returned = Some(returned);
        match answer {
            Ok(place) => {
                put.place = Some(place);
                trace::note(|| format!("{} is {place:?}", put.data));
            }
            Err(why) => trace::note(|| format!("{} failed: {why}", put.data)),
        }
    }
}

/// How far a consumer is in one shard.
#[derive(Debug, Default)]
struct Cursor {
    iterator: Option<String>,
    last: Option<SequenceNumber>,
    /// Whether what comes next is known: not where it began at the tip.
    expected: Option<u64>,
    is_done: bool,
}

/// Follows the lineage from its beginning, in small pages, sometimes with a new iterator.
pub(crate) async fn consume(
    stage: Arc<Stage>,
    gateway: Arc<Gateway>,
    name: String,
    dice: Arc<Dice>,
) {
    wait_for(&stage, Act::Load).await;
    let pause_ms_max = dice.within(10..=400);
    let mut cursors: BTreeMap<ShardId, Cursor> = BTreeMap::new();
    while stage.act() == Act::Load {
        let is_done = |shard| cursors.get(&shard).is_some_and(|cursor| cursor.is_done);
        for shard in readable(&stage, is_done) {
            let cursor = cursors.entry(shard).or_insert_with(|| Cursor {
                expected: Some(0),
                ..Cursor::default()
            });
            if let Err(why) = step(&stage, &gateway, &name, shard, cursor, &dice).await {
                trace::note(|| format!("{name} cannot read {}: {why}", shard.index()));
                // As a consumer does whose iterator is refused: a new one, from the last record on.
                cursor.iterator = None;
            }
        }
        tokio::time::sleep(dice.millis(1..=pause_ms_max)).await;
    }
}

/// The shards that were not read to their ends, and whose parents were or have expired.
pub(crate) fn readable(stage: &Stage, is_done: impl Fn(ShardId) -> bool) -> Vec<ShardId> {
    let Some(stream) = stage.catalog.stream() else {
        return Vec::new();
    };
    let shards = stream.shards.values().filter(|shard| {
        shard.opened_at.is_some()
            && !is_done(shard.id)
            && shard
                .parents()
                .all(|parent| is_done(parent) || !stream.shards.contains_key(&parent))
    });
    shards.map(|shard| shard.id).collect()
}

async fn step(
    stage: &Stage,
    gateway: &Gateway,
    name: &str,
    shard: ShardId,
    cursor: &mut Cursor,
    dice: &Dice,
) -> Result<(), String> {
    let iterator = match cursor.iterator.take() {
        Some(iterator) if !dice.one_of_a_thousand(50) => iterator,
        _ => renew(gateway, shard, cursor, dice).await?,
    };
    let limit = i32::try_from(dice.within(1..=20)).unwrap_or(1);
    let invoked = trace::moment();
    let page = gateway.read(&iterator, limit).await?;
    let returned = trace::moment();
    if !page.records.is_empty() {
        let records = page.records.iter();
        let read = Read {
            reader: name.to_owned(),
            shard: shard.index(),
            expected: cursor.expected,
            returned,
            records: records
                .map(|record| (record.number.ordinal(), record.data.clone()))
                .collect(),
        };
        trace::note(|| {
            let last = read.records.last().map_or(0, |(ordinal, _)| *ordinal);
            format!("{name} read {} up to {last}", shard.index())
        });
        stage.recorder.lock().reads.push(read);
    }
    if let Some(last) = page.records.last() {
        cursor.last = Some(last.number);
        cursor.expected = Some(last.number.ordinal() + 1);
    }
    if let Some(end) = cursor.expected.filter(|_| page.is_at_tip) {
        stage.recorder.lock().tips.push(Tip {
            reader: name.to_owned(),
            shard: shard.index(),
            invoked,
            end,
        });
    }
    cursor.is_done = page.next.is_none();
    cursor.iterator = page.next;
    Ok(())
}

/// A new iterator: after the last record, at it, or from the beginning.
async fn renew(
    gateway: &Gateway,
    shard: ShardId,
    cursor: &mut Cursor,
    dice: &Dice,
) -> Result<String, String> {
    let Some(last) = cursor.last else {
        return gateway.iterator(shard, "TRIM_HORIZON", None).await;
    };
    match dice.below(8) {
        0 => {
            cursor.expected = Some(0);
            gateway.iterator(shard, "TRIM_HORIZON", None).await
        }
        1 => {
            cursor.expected = Some(last.ordinal());
            gateway
                .iterator(shard, "AT_SEQUENCE_NUMBER", Some(last))
                .await
        }
        _ => {
            cursor.expected = Some(last.ordinal() + 1);
            gateway
                .iterator(shard, "AFTER_SEQUENCE_NUMBER", Some(last))
                .await
        }
    }
}

/// Reads every record of every shard, and writes down what is there.
pub(crate) async fn audit(stage: Arc<Stage>, gateway: Arc<Gateway>) {
    wait_for(&stage, Act::Audit).await;
    // What is under way when the load ends has ended by then: the patience of a put, and something.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let mut audit = Audit::default();
    let stream = stage.catalog.stream().expect("the stream is made");
    for (index, parents) in stage.catalog.lineage() {
        let there = stream
            .shards
            .values()
            .find(|shard| shard.id.index() == index);
        let records = match there {
            Some(shard) => audit_shard(&gateway, shard.id).await,
            None => Vec::new(),
        };
        audit
            .shards
            .insert(index, AuditedShard { parents, records });
    }
    *stage.audit() = audit;
    stage.begin(Act::End);
}

async fn audit_shard(gateway: &Gateway, shard: ShardId) -> Vec<(u64, String, String)> {
    'again: loop {
        let mut records = Vec::new();
        let mut next = gateway.iterator(shard, "TRIM_HORIZON", None).await;
        loop {
            let page = match &next {
                Ok(iterator) => gateway.read(iterator, 1_000).await,
                Err(why) => Err(why.clone()),
            };
            match page {
                Err(why) => {
                    trace::note(|| format!("the audit cannot read {}: {why}", shard.index()));
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue 'again;
                }
                Ok(page) => {
                    let found = page.records.into_iter();
                    records.extend(
                        found.map(|record| (record.number.ordinal(), record.key, record.data)),
                    );
                    match page.next {
                        Some(iterator) if !page.is_at_tip => next = Ok(iterator),
                        _ => return records,
                    }
                }
            }
        }
    }
}
