//! What is read for replicas that lag, in virtual time.

use anabranch_domain::ShardUid;
use anabranch_store::{
    Family, MemoryStore, Store, WriteSet, commit,
    entry::{BatchBuilder, NewRecord, Position},
    keys::LogKey,
};
use openraft::RaftLogReader as _;

use super::*;
use crate::replication::{
    Birth, TailCache, log_store::LogStore, log_store::MESSAGE_BYTES_ENOUGH, mending::Mender,
    types::Vote,
};

const RATE: u64 = 8 << 20;
const SHARDS: u64 = 30;
const ENTRY_BYTES: usize = 256 << 10;
const NODE: u64 = 7;

/// The logs of one pod that leads.
struct Pod {
    store: Arc<dyn Store>,
    cache: Arc<TailCache>,
    catch_up: Arc<CatchUp>,
}

impl Pod {
    fn new(tail_cache_bytes: usize) -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            cache: Arc::new(TailCache::new(tail_cache_bytes)),
            catch_up: Arc::new(CatchUp::new(Some(RATE))),
        }
    }

    /// A log that this pod leads, with nothing in it.
    async fn log(&self, shard: u64) -> Arc<Journal> {
        let birth = Birth::open(Timestamp::from_millis(1_000));
        let shard = ShardUid::from_bits(shard.into());
        let journal = Journal::new(shard, birth, self.store.clone(), self.cache.clone());
        journal.load().await.expect("nothing is damaged");
        journal.with_mut(|state| state.vote = Some(Vote::new_committed(1, NODE)));
        journal
    }

    /// What one replica of that log is sent.
    fn reader(&self, journal: &Arc<Journal>) -> LogStore {
        let mender = Mender::new(journal.clone(), None, Arc::default());
        LogStore::new(journal.clone(), mender, self.catch_up.clone())
    }
}

/// An entry of [`ENTRY_BYTES`] that is on the disk.
async fn write(journal: &Arc<Journal>) {
    let index = journal.with(LogState::next_index).expect("it is loaded");
    let position = Position {
        term: 1,
        leader: NODE,
        index,
    };
    let mut batch = BatchBuilder::plain(ENTRY_BYTES);
    let record = NewRecord {
        partition_key: Some("k"),
        explicit_hash_key: None,
        data: &vec![0; ENTRY_BYTES - 100],
    };
    batch.push(record).expect("it fits");
    let standing = journal.standing().expect("it is loaded");
    let bytes = journal.place(batch.finish(journal.shard(), standing), position);
    let mut set = WriteSet::new();
    set.put_critical(
        Family::Log,
        LogKey::new(journal.shard(), index).encode(),
        bytes,
    );
    commit(&**journal.store(), set).await.expect("written");
    journal.with_mut(|state| state.note_stored_through(index));
}

/// A majority has everything.
fn agree(journal: &Journal) {
    journal.with_mut(|state| state.applied = state.last);
    let end = journal.with(LogState::next_index).unwrap_or_default();
    journal.give_up_through(end);
}

/// The bytes that were sent before `until` to a replica that lacks everything.
async fn fill(mut reader: LogStore, entries: u64, until: Instant) -> u64 {
    let (mut next, mut bytes) = (0, 0);
    while next < entries {
        let sent = tokio::time::timeout_at(until, reader.limited_get_log_entries(next, entries));
        let Ok(sent) = sent.await else { break };
        let sent = sent.expect("it reads").len() as u64;
        next += sent;
        bytes += sent * ENTRY_BYTES as u64;
    }
    bytes
}

#[tokio::test(start_paused = true)]
async fn replicas_of_many_shards_are_filled_at_the_rate_of_one_budget_each_with_its_share() {
    let pod = Pod::new(0);
    let mut journals = Vec::new();
    for shard in 0..SHARDS {
        let journal = pod.log(shard).await;
        for _ in 0..64 {
            write(&journal).await;
        }
        agree(&journal);
        journals.push(journal);
    }
    let until = Instant::now() + Duration::from_secs(10);
    let readers = journals.iter().map(|journal| pod.reader(journal));
    let filled = readers.map(|reader| tokio::spawn(fill(reader, 64, until)));
    let filled = futures_util::future::join_all(filled).await;
    let filled: Vec<u64> = filled.into_iter().map(|done| done.expect("done")).collect();
    let sent: u64 = filled.iter().sum();
    // Ten seconds' worth, one second's that had gathered, and the message that goes into debt.
    let message = (MESSAGE_BYTES_ENOUGH + ENTRY_BYTES) as u64;
    assert!(sent <= 11 * RATE + message, "{sent} bytes in ten seconds");
    assert!(sent >= 9 * RATE, "{sent} bytes in ten seconds");
    let (least, most) = (filled.iter().min().unwrap(), filled.iter().max().unwrap());
    // What had gathered goes to whoever comes first.
    assert!(
        *least > 0 && most - least <= RATE + 2 * message,
        "{filled:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_replica_at_the_tail_does_not_wait_for_those_that_are_filled() {
    let pod = Pod::new(64 << 20);
    let journal = pod.log(1).await;
    write(&journal).await;
    // Others have spent an hour's worth.
    pod.catch_up.charge(3_600 * RATE);
    let begun = Instant::now();
    let mut reader = pod.reader(&journal);
    for next in 0..10 {
        // Agreed on or not: what is in memory is new.
        if next % 2 == 0 {
            journal.with_mut(|state| state.applied = state.last);
        }
        let sent = reader.limited_get_log_entries(next, next + 1).await;
        assert_eq!(sent.expect("it reads").len(), 1);
        write(&journal).await;
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(pod.catch_up.take_sent_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_put_that_needs_the_replica_that_lags_does_not_wait_for_the_budget() {
    let pod = Pod::new(0);
    let journal = pod.log(1).await;
    for _ in 0..64 {
        write(&journal).await;
    }
    agree(&journal);
    pod.catch_up.charge(3_600 * RATE);
    // An entry that no majority has, and will not have without this replica.
    write(&journal).await;
    let begun = Instant::now();
    let filled = fill(pod.reader(&journal), 64, begun + Duration::from_mins(1)).await;
    assert_eq!(filled, 64 * ENTRY_BYTES as u64);
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    // It is counted all the same.
    assert_eq!(pod.catch_up.take_sent_bytes() / (1 << 20), 15);
}

#[tokio::test(start_paused = true)]
async fn before_a_majority_was_found_nobody_is_taken_for_one_that_lags() {
    let pod = Pod::new(0);
    let journal = pod.log(1).await;
    for _ in 0..8 {
        write(&journal).await;
    }
    agree(&journal);
    // Elected a moment ago.
    journal.with_mut(|state| state.vote = Some(Vote::new_committed(2, NODE)));
    pod.catch_up.charge(3_600 * RATE);
    let begun = Instant::now();
    let filled = fill(pod.reader(&journal), 8, begun + Duration::from_mins(1)).await;
    assert_eq!(filled, 8 * ENTRY_BYTES as u64);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_replica_gains_on_writers_that_are_faster_than_the_budget() {
    let pod = Pod::new(0);
    let journal = pod.log(1).await;
    for _ in 0..100 {
        write(&journal).await;
    }
    agree(&journal);
    let mut reader = pod.reader(&journal);
    let (mut next, begun) = (0, Instant::now());
    // Twice the budget is written all the time.
    let writing = async {
        loop {
            sleep(Duration::from_millis(16)).await;
            write(&journal).await;
            agree(&journal);
        }
    };
    let filling = async {
        loop {
            let end = journal.with(LogState::next_index).unwrap_or_default();
            if next == end {
                return;
            }
            let sent = reader.limited_get_log_entries(next, end).await;
            next += sent.expect("it reads").len() as u64;
        }
    };
    tokio::select! {
        () = writing => {}
        done = tokio::time::timeout(Duration::from_secs(20), filling) => done.expect("it caught up"),
    }
    let least = 100 * ENTRY_BYTES as u64 / RATE - 2;
    assert!(
        begun.elapsed() >= Duration::from_secs(least),
        "{:?}",
        begun.elapsed()
    );
}
