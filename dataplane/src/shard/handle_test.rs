//! Shards end to end, over a store in memory: appends, reads, seals, tokens, time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anabranch_domain::{
    ShardId, ShardPhase, ShardUid, Timestamp,
    shard_state::{AppendToken, Refusal},
};
use anabranch_store::{
    MemoryStore, Store,
    entry::{KeyRing, RecordKey},
};
use bytes::Bytes;

use super::*;
use crate::clock::Clock;

pub(super) const SHARD: ShardUid = ShardUid::from_bits(42);
const BORN: Timestamp = Timestamp::from_millis(1_000);

/// A clock that shows what it is told to.
#[derive(Debug)]
pub(super) struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A process's shards, and the clock on its wall.
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<SetClock>,
    pub(super) keys: KeyRing,
    pub(super) limits: ShardLimits,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(SetClock(AtomicU64::new(10_000))),
            keys: KeyRing::new(),
            limits: ShardLimits::default(),
        }
    }

    pub(super) fn registry(&self) -> ShardRegistry {
        ShardRegistry::new(
            self.store.clone(),
            self.limits,
            self.keys.clone(),
            self.clock.clone(),
        )
    }

    pub(super) fn pass_ms(&self, ms: u64) {
        self.clock.0.fetch_add(ms, Ordering::Relaxed);
    }

    fn set_ms(&self, ms: u64) {
        self.clock.0.store(ms, Ordering::Relaxed);
    }
}

pub(super) fn open(registry: &ShardRegistry) -> Arc<ShardHandle> {
    registry.shard(SHARD, Birth::open(BORN))
}

pub(super) fn records(texts: &[&str]) -> Append {
    let record = |text: &&str| NewRecord {
        partition_key: Some(format!("key of {text}").into()),
        explicit_hash_key: None,
        data: Bytes::copy_from_slice(text.as_bytes()),
    };
    Append {
        records: texts.iter().map(record).collect(),
        ..Append::default()
    }
}

pub(super) fn everything() -> ReadLimits {
    ReadLimits {
        records_max: 10_000,
        bytes_max: 10 << 20,
        horizon: Timestamp::EPOCH,
    }
}

pub(super) fn texts(batch: &ReadBatch) -> Vec<(u64, String)> {
    let text = |record: StoredRecord<'_>| {
        let text = String::from_utf8(record.data.to_vec()).expect("the tests write texts");
        assert_eq!(
            record.partition_key,
            Some(format!("key of {text}").as_str())
        );
        (record.ordinal, text)
    };
    batch
        .records()
        .map(|record| text(record.expect("nothing is damaged")))
        .collect()
}

pub(super) async fn all_texts(shard: &Arc<ShardHandle>) -> Vec<String> {
    let batch = shard
        .read(ReadFrom::TrimHorizon, everything())
        .await
        .expect("it reads");
    texts(&batch).into_iter().map(|(_, text)| text).collect()
}

#[tokio::test]
async fn what_was_appended_is_read_with_its_ordinals_and_times() {
    let world = World::new();
    let shard = open(&world.registry());
    let first = shard
        .append(records(&["a", "b"]))
        .await
        .expect("it appends");
    world.set_ms(11_000);
    let second = shard.append(records(&["c"])).await.expect("it appends");
    assert_eq!(
        (first.first_ordinal, first.arrival.as_millis()),
        (0, 10_000)
    );
    assert_eq!(
        (second.first_ordinal, second.arrival.as_millis()),
        (2, 11_000)
    );
    let batch = shard
        .read(ReadFrom::TrimHorizon, everything())
        .await
        .expect("it reads");
    let expected = [(0, "a"), (1, "b"), (2, "c")].map(|(ordinal, text)| (ordinal, text.to_owned()));
    assert_eq!(texts(&batch), expected);
    assert!(batch.is_at_tip() && !batch.is_at_end_of_sealed());
}

#[tokio::test]
async fn time_never_goes_back_in_a_shard() {
    let world = World::new();
    let shard = open(&world.registry());
    shard.append(records(&["a"])).await.expect("it appends");
    world.set_ms(500);
    let second = shard.append(records(&["b"])).await.expect("it appends");
    assert_eq!(second.arrival.as_millis(), 10_000);
    let reopened = open(&world.registry());
    let third = reopened.append(records(&["c"])).await.expect("it appends");
    assert_eq!(third.arrival.as_millis(), 10_000);
}

#[tokio::test]
async fn a_restart_finds_every_acknowledged_record_once() {
    let world = World::new();
    for (round, texts) in [["a", "b"], ["c", "d"]].into_iter().enumerate() {
        let shard = open(&world.registry());
        for text in texts {
            shard.append(records(&[text])).await.expect("it appends");
        }
        assert_eq!(
            shard.tip().await.expect("it is there").next_ordinal,
            2 * (round as u64 + 1)
        );
        // Dropped without a word, as by a crash.
    }
    assert_eq!(
        all_texts(&open(&world.registry())).await,
        ["a", "b", "c", "d"]
    );
}

#[tokio::test]
async fn concurrent_appends_share_entries_and_have_no_gaps() {
    let world = World::new();
    let shard = open(&world.registry());
    let appends = (0..200).map(|number| {
        let shard = shard.clone();
        tokio::spawn(async move { shard.append(records(&[&number.to_string()])).await })
    });
    let mut ordinals = Vec::new();
    for append in appends.collect::<Vec<_>>() {
        ordinals.push(
            append
                .await
                .expect("no panic")
                .expect("it appends")
                .first_ordinal,
        );
    }
    ordinals.sort_unstable();
    assert_eq!(ordinals, (0..200).collect::<Vec<_>>());
    let entries = shard.tip().await.expect("it is there").end_index - 1;
    assert!(entries < 200, "{entries} entries");
}

#[tokio::test]
async fn a_second_attempt_gets_the_numbers_of_the_first_also_after_a_restart() {
    let world = World::new();
    let shard = open(&world.registry());
    let attempt = || Append {
        token: Some(AppendToken::from_bits(7)),
        ..records(&["once"])
    };
    let first = shard.append(attempt()).await.expect("it appends");
    shard
        .append(records(&["between"]))
        .await
        .expect("it appends");
    world.set_ms(12_000);
    assert_eq!(shard.append(attempt()).await.expect("it is known"), first);
    let reopened = open(&world.registry());
    assert_eq!(
        reopened.append(attempt()).await.expect("it is known"),
        first
    );
    assert_eq!(all_texts(&reopened).await, ["once", "between"]);
}

#[tokio::test]
async fn two_attempts_at_the_same_time_are_one_append() {
    let world = World::new();
    let shard = open(&world.registry());
    let attempt = || Append {
        token: Some(AppendToken::from_bits(7)),
        ..records(&["once"])
    };
    let (one, other) = tokio::join!(shard.append(attempt()), shard.append(attempt()));
    assert_eq!(one.expect("it appends"), other.expect("it waits"));
    assert_eq!(all_texts(&shard).await, ["once"]);
}

#[tokio::test]
async fn a_sealed_shard_names_its_children_and_is_read_to_its_end() {
    let world = World::new();
    let shard = open(&world.registry());
    shard.append(records(&["a"])).await.expect("it appends");
    let children = [3, 4]
        .map(|index| ShardId::new(index).expect("in range"))
        .to_vec();
    let sealed = shard.seal(2, children.clone()).await.expect("it seals");
    assert_eq!((sealed.phase, sealed.next_ordinal), (ShardPhase::Sealed, 1));
    assert_eq!(
        shard.seal(2, children.clone()).await.expect("said again"),
        sealed
    );
    for shard in [shard, open(&world.registry())] {
        let refused = shard.append(records(&["late"])).await;
        assert!(
            matches!(&refused, Err(AppendError::Sealed { children: named }) if *named == children),
            "{refused:?}"
        );
        let batch = shard
            .read(ReadFrom::TrimHorizon, everything())
            .await
            .expect("it reads");
        assert!(batch.len() == 1 && batch.is_at_end_of_sealed());
        assert!(matches!(
            shard.seal(1, children.clone()).await,
            Err(ControlError::Refused(Refusal::StaleEpoch { current: 2 }))
        ));
    }
}

#[tokio::test]
async fn a_child_takes_records_when_it_is_activated_and_not_before_its_parents_end() {
    let world = World::new();
    let registry = world.registry();
    let child = registry.shard(SHARD, Birth::awaiting_activation(BORN));
    assert!(matches!(
        child.append(records(&["early"])).await,
        Err(AppendError::NotActive)
    ));
    let floor = Timestamp::from_millis(20_000);
    let activated = child.activate(5, floor).await.expect("it activates");
    assert_eq!(activated.phase, ShardPhase::Open);
    assert_eq!(
        child.activate(5, floor).await.expect("said again"),
        activated
    );
    assert!(matches!(
        child.activate(4, floor).await,
        Err(ControlError::Refused(Refusal::StaleEpoch { current: 5 }))
    ));
    let appended = child.append(records(&["a"])).await.expect("it appends");
    assert_eq!((appended.first_ordinal, appended.arrival), (0, floor));
}

#[tokio::test]
async fn every_starting_point_is_found_in_memory_and_on_disk() {
    for tail_cache_bytes_max in [0, 32 << 20] {
        let mut world = World::new();
        world.limits.tail_cache_bytes_max = tail_cache_bytes_max;
        let shard = open(&world.registry());
        for number in 0..40_u64 {
            world.set_ms(10_000 + 10 * number);
            let text = [2 * number, 2 * number + 1].map(|number| number.to_string());
            shard
                .append(records(&[&text[0], &text[1]]))
                .await
                .expect("it appends");
        }
        let first_ordinal = async |from| {
            let limits = ReadLimits {
                records_max: 3,
                ..everything()
            };
            let batch = shard.read(from, limits).await.expect("it reads");
            texts(&batch).first().map(|(ordinal, _)| *ordinal)
        };
        assert_eq!(first_ordinal(ReadFrom::TrimHorizon).await, Some(0));
        assert_eq!(first_ordinal(ReadFrom::Latest).await, None);
        for ordinal in [0, 1, 38, 39, 79] {
            assert_eq!(
                first_ordinal(ReadFrom::Ordinal(ordinal)).await,
                Some(ordinal)
            );
        }
        assert_eq!(first_ordinal(ReadFrom::Ordinal(80)).await, None);
        let at = |ms| ReadFrom::Timestamp(Timestamp::from_millis(ms));
        assert_eq!(first_ordinal(at(9_000)).await, Some(0));
        assert_eq!(first_ordinal(at(10_100)).await, Some(20));
        assert_eq!(first_ordinal(at(10_101)).await, Some(22));
        assert_eq!(first_ordinal(at(11_000)).await, None);
    }
}

#[tokio::test]
async fn reading_on_gives_every_record_once_whatever_fits_in_a_read() {
    for tail_cache_bytes_max in [0, 32 << 20] {
        let mut world = World::new();
        world.limits.tail_cache_bytes_max = tail_cache_bytes_max;
        let shard = open(&world.registry());
        let texts_of = |round: u32| (0..=round).map(move |number| format!("{round}/{number}"));
        for round in 0..12 {
            let round: Vec<String> = texts_of(round).collect();
            let round: Vec<&str> = round.iter().map(String::as_str).collect();
            shard.append(records(&round)).await.expect("it appends");
        }
        for (records_max, bytes_max) in [(1, 1_000), (4, 1_000), (100, 1), (100, 50), (100, 1_000)]
        {
            let limits = ReadLimits {
                records_max,
                bytes_max,
                horizon: Timestamp::EPOCH,
            };
            let (mut from, mut read) = (ReadFrom::TrimHorizon, Vec::new());
            loop {
                let batch = shard.read(from, limits).await.expect("it reads");
                assert!(batch.len() <= records_max);
                read.extend(texts(&batch));
                from = ReadFrom::Resume(batch.next);
                if batch.is_at_tip() {
                    break;
                }
                assert!(!batch.is_empty(), "a read before the tip gives something");
            }
            let expected: Vec<(u64, String)> = (0..).zip((0..12).flat_map(texts_of)).collect();
            assert_eq!(read, expected, "{limits:?}");
        }
    }
}

#[tokio::test]
async fn expired_records_are_not_given_and_then_trimmed() {
    for tail_cache_bytes_max in [0, 32 << 20] {
        let mut world = World::new();
        world.limits.tail_cache_bytes_max = tail_cache_bytes_max;
        let shard = open(&world.registry());
        for number in 0..10_u64 {
            world.set_ms(10_000 + 100 * number);
            shard
                .append(records(&[&number.to_string()]))
                .await
                .expect("it appends");
        }
        let horizon = Timestamp::from_millis(10_450);
        let limits = ReadLimits {
            horizon,
            ..everything()
        };
        let young = ["5", "6", "7", "8", "9"];
        let given = async |from| {
            let batch = shard.read(from, limits).await.expect("it reads");
            texts(&batch)
                .into_iter()
                .map(|(_, text)| text)
                .collect::<Vec<_>>()
        };
        let early = Resume {
            log_index: 0,
            ordinal: 0,
        };
        for from in [
            ReadFrom::TrimHorizon,
            ReadFrom::Ordinal(1),
            ReadFrom::Resume(early),
        ] {
            assert_eq!(given(from).await, young);
        }
        let trimmed = shard.trim(horizon, 4).await.expect("it trims");
        assert!(trimmed.entries == 4 && trimmed.has_more && trimmed.bytes > 0);
        let trimmed = shard.trim(horizon, 100).await.expect("it trims");
        assert!(trimmed.entries == 2 && !trimmed.has_more);
        assert_eq!(all_texts(&shard).await, young);
        assert_eq!(all_texts(&open(&world.registry())).await, young);
        // Everything: what is left are the shard's numbers.
        shard.trim(Timestamp::MAX, 100).await.expect("it trims");
        let reopened = open(&world.registry());
        assert_eq!(all_texts(&reopened).await, Vec::<String>::new());
        let next = reopened
            .append(records(&["next"]))
            .await
            .expect("it appends");
        assert_eq!((next.first_ordinal, next.arrival.as_millis()), (10, 10_900));
    }
}

#[tokio::test]
async fn sealed_records_are_read_with_their_key_only() {
    let mut world = World::new();
    let key = Arc::new(RecordKey::new([7; 32]));
    let sealing = Some(key.clone());
    let shard = open(&world.registry());
    let append = Append {
        sealing,
        ..records(&["secret"])
    };
    shard.append(append).await.expect("it appends");
    assert!(
        shard
            .read(ReadFrom::TrimHorizon, everything())
            .await
            .is_err()
    );
    world.keys.add(key);
    assert_eq!(all_texts(&open(&world.registry())).await, ["secret"]);
}

#[tokio::test]
async fn a_reader_at_the_tip_wakes_when_a_record_comes() {
    let world = World::new();
    let shard = open(&world.registry());
    let tail = shard.tail().await.expect("it is there");
    let before = shard.tip().await.expect("it is there");
    let waiting = tokio::spawn(async move { tail.past(before.end_index).await });
    shard.append(records(&["a"])).await.expect("it appends");
    let tip = waiting.await.expect("no panic").expect("it is there");
    assert!(tip.end_index > before.end_index);
}

#[tokio::test]
async fn a_destroyed_shard_is_gone_for_everybody() {
    let world = World::new();
    let registry = world.registry();
    let shard = open(&registry);
    shard.append(records(&["a"])).await.expect("it appends");
    let tail = shard.tail().await.expect("it is there");
    registry.destroy(SHARD).await.expect("it is destroyed");
    assert!(matches!(
        shard.append(records(&["b"])).await,
        Err(AppendError::Gone)
    ));
    assert!(matches!(tail.past(u64::MAX).await, Err(ReadError::Gone)));
    assert!(matches!(shard.tip().await, Err(ReadError::Gone)));
    let usage = || world.store.usage().expect("memory has a size");
    assert_eq!(usage().disk_bytes, 0, "nothing of it is left");

    // A round over all shards that began before it was destroyed.
    let late = open(&registry);
    let trimmed = late.trim(Timestamp::EPOCH, 1).await;
    assert!(matches!(trimmed, Err(ReadError::Gone)), "{trimmed:?}");
    let appended = late.append(records(&["c"])).await;
    assert!(matches!(appended, Err(AppendError::Gone)), "{appended:?}");
    assert_eq!(usage().disk_bytes, 0, "and nothing comes of it again");
    registry.found(SHARD, Birth::open(BORN), Founding::Alone);
    let again = open(&registry).append(records(&["d"])).await;
    assert!(again.is_ok(), "{again:?}");
}

#[tokio::test]
async fn a_shard_takes_in_no_more_than_it_may() {
    let mut world = World::new();
    world.limits.shard_inflight_bytes_max = 10;
    let shard = open(&world.registry());
    let big = "x".repeat(100);
    let (one, other) = tokio::join!(
        shard.append(records(&[&big])),
        shard.append(records(&[&big]))
    );
    let outcomes = [
        one.is_ok(),
        matches!(other, Err(AppendError::Overloaded { .. })),
    ];
    assert_eq!(outcomes, [true, true]);
    assert!(shard.append(records(&[&big])).await.is_ok());
}
