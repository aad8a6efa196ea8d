//! What every [`Store`] must do. Each case runs on the store in memory and on the one on disk.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex, mpsc},
};

use anabranch_domain::ShardUid;
use anabranch_store::{
    Family, KeyRange, MemoryStore, Order, RocksOptions, RocksStore, Store, StoreError, WriteSet,
    commit, entry::HEADER_LEN, keys::LogKey,
};
use bytes::Bytes;

/// Runs `case` on each implementation.
fn on_each(case: fn(&dyn Store)) {
    case(&MemoryStore::new());
    let dir = tempfile::tempdir().expect("a temporary directory");
    case(&RocksStore::open(dir.path(), &RocksOptions::default()).expect("a new store"));
}

fn write(store: &dyn Store, set: WriteSet) {
    let (sender, receiver) = mpsc::channel();
    store.submit(
        set,
        Box::new(move |result| sender.send(result).expect("the test waits")),
    );
    receiver
        .recv()
        .expect("done is always called")
        .expect("written");
}

fn log_key(shard: u128, index: u64) -> [u8; LogKey::LEN] {
    LogKey::new(ShardUid::from_bits(shard), index).encode()
}

fn keys(store: &dyn Store, family: Family, range: &KeyRange, order: Order) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut visit = |key: &[u8], value: Bytes| {
        assert_eq!(
            value,
            store.get(family, key).expect("readable").expect("there")
        );
        found.push(key.to_vec());
        ControlFlow::Continue(())
    };
    store
        .scan(family, range, order, &mut visit)
        .expect("readable");
    found
}

#[test]
fn what_is_written_is_read() {
    on_each(|store| {
        let mut set = WriteSet::new();
        for family in Family::ALL {
            set.put(family, b"key", family.name());
        }
        write(store, set);
        for family in Family::ALL {
            assert_eq!(
                store.get(family, b"key").expect("readable").as_deref(),
                Some(family.name().as_bytes())
            );
            assert_eq!(store.get(family, b"other").expect("readable"), None);
        }
    });
}

#[test]
fn the_operations_of_a_set_apply_in_order() {
    on_each(|store| {
        let mut set = WriteSet::new();
        set.put(Family::Raft, b"a", "1")
            .delete(Family::Raft, b"a")
            .put(Family::Raft, b"b", "1");
        set.delete_range(Family::Raft, KeyRange::prefix(b""))
            .put(Family::Raft, b"c", "1")
            .put(Family::Raft, b"c", "2");
        write(store, set);
        assert_eq!(
            keys(store, Family::Raft, &KeyRange::prefix([]), Order::Forward),
            [b"c"]
        );
        assert_eq!(
            store.get(Family::Raft, b"c").expect("readable").as_deref(),
            Some(&b"2"[..])
        );
    });
}

#[test]
fn scans_are_ordered_and_keep_to_their_range() {
    on_each(|store| {
        let mut set = WriteSet::new();
        for (shard, index) in [(2, 1), (1, 300), (1, 2), (3, 0), (2, 0), (1, 1)] {
            set.put(Family::Log, log_key(shard, index), vec![0; 10]);
        }
        write(store, set);
        let expect = |pairs: &[(u128, u64)]| -> Vec<Vec<u8>> {
            pairs
                .iter()
                .map(|(shard, index)| log_key(*shard, *index).to_vec())
                .collect()
        };
        let all = LogKey::all(ShardUid::from_bits(1));
        assert_eq!(
            keys(store, Family::Log, &all, Order::Forward),
            expect(&[(1, 1), (1, 2), (1, 300)])
        );
        assert_eq!(
            keys(store, Family::Log, &all, Order::Backward),
            expect(&[(1, 300), (1, 2), (1, 1)])
        );
        let some = LogKey::between(ShardUid::from_bits(1), 2, 300);
        assert_eq!(
            keys(store, Family::Log, &some, Order::Backward),
            expect(&[(1, 2)])
        );
        let none = KeyRange::new(log_key(2, 1), log_key(2, 0));
        assert!(keys(store, Family::Log, &none, Order::Forward).is_empty());
    });
}

#[test]
fn a_scan_ends_when_its_visitor_breaks() {
    on_each(|store| {
        let mut set = WriteSet::new();
        for index in 0..10 {
            set.put(Family::Log, log_key(1, index), vec![0; 10]);
        }
        write(store, set);
        let mut visited = 0;
        let mut visit = |_: &[u8], _| {
            visited += 1;
            if visited == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        store
            .scan(
                Family::Log,
                &KeyRange::prefix([]),
                Order::Forward,
                &mut visit,
            )
            .expect("readable");
        assert_eq!(visited, 3);
    });
}

#[test]
fn a_range_delete_removes_its_keys_only() {
    on_each(|store| {
        let mut set = WriteSet::new();
        for index in 0..10 {
            set.put(Family::Log, log_key(1, index), vec![0; 10_000])
                .put(Family::Log, log_key(2, index), vec![0; 10]);
        }
        write(store, set);
        let trimmed = LogKey::between(ShardUid::from_bits(1), 0, 7);
        let mut set = WriteSet::new();
        set.delete_range(Family::Log, trimmed.clone())
            .delete(Family::Log, log_key(2, 3));
        write(store, set);
        store.release(Family::Log, &trimmed).expect("released");
        let left = keys(store, Family::Log, &KeyRange::prefix([]), Order::Forward);
        let first: Vec<_> = (7..10).map(|index| log_key(1, index).to_vec()).collect();
        assert_eq!(left[..3], first[..]);
        assert_eq!(left.len(), 3 + 9);
        assert_eq!(store.head(&log_key(1, 6)).expect("readable"), None);
        assert_eq!(store.head(&log_key(2, 3)).expect("readable"), None);
    });
}

#[test]
fn a_head_is_the_beginning_of_a_log_value() {
    on_each(|store| {
        let value = |len: usize| -> Bytes {
            (0..len)
                .map(|at| u8::try_from(at % 251).expect("small"))
                .collect()
        };
        let sizes = [0, 1, HEADER_LEN - 1, HEADER_LEN, 511, 8_191, 8_192, 300_000];
        let mut set = WriteSet::new();
        for (index, len) in (0..).zip(sizes) {
            set.put(Family::Log, log_key(1, index), value(len));
        }
        write(store, set);
        for (index, len) in (0..).zip(sizes) {
            let head = store
                .head(&log_key(1, index))
                .expect("readable")
                .expect("there");
            assert_eq!(head, value(len.min(HEADER_LEN)), "{len}");
        }
        assert_eq!(store.head(&log_key(1, 99)).expect("readable"), None);
        let mut set = WriteSet::new();
        set.delete(Family::Log, log_key(1, 7))
            .put(Family::Log, log_key(1, 7), "short");
        write(store, set);
        assert_eq!(
            store.head(&log_key(1, 7)).expect("readable").as_deref(),
            Some(&b"short"[..])
        );
    });
}

#[test]
fn callbacks_come_once_and_in_order() {
    on_each(|store| {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (sender, receiver) = mpsc::channel();
        for number in 0..500_u32 {
            let mut set = WriteSet::new();
            set.put(Family::Raft, number.to_be_bytes(), vec![7; 100]);
            let (heard, sender) = (heard.clone(), sender.clone());
            let done = move |result: Result<(), StoreError>| {
                result.expect("written");
                heard.lock().expect("unpoisoned").push(number);
                sender.send(()).expect("the test waits");
            };
            store.submit(set, Box::new(done));
        }
        for _ in 0..500 {
            receiver.recv().expect("done is always called");
        }
        assert_eq!(
            *heard.lock().expect("unpoisoned"),
            (0..500).collect::<Vec<_>>()
        );
        assert_eq!(
            keys(store, Family::Raft, &KeyRange::prefix([]), Order::Forward).len(),
            500
        );
    });
}

#[test]
fn an_empty_set_is_answered() {
    on_each(|store| write(store, WriteSet::new()));
}

#[test]
fn a_set_can_be_awaited() {
    on_each(|store| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let mut set = WriteSet::new();
        set.put(Family::Catalog, b"k", "v");
        runtime.block_on(commit(store, set)).expect("written");
        assert!(
            store
                .get(Family::Catalog, b"k")
                .expect("readable")
                .is_some()
        );
    });
}

#[test]
fn usage_is_told_and_puts_are_admitted() {
    on_each(|store| {
        let usage = store.usage().expect("readable");
        assert!(usage.free_bytes > 0);
        store.admits(1_000).expect("there is room");
    });
}
