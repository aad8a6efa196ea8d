//! Bytes that changed on disk are an error that names the shard and the entry; the entries around stay readable.

use std::{fs, ops::ControlFlow, path::PathBuf};

use anabranch_domain::ShardUid;
use anabranch_store::{
    Family, KeyRange, Order, RocksOptions, RocksStore, Store, StoreError, keys::LogKey,
};
use tempfile::TempDir;

mod support;
use support::{append, log_key};

const SHARD: ShardUid = ShardUid::from_bits(1);
const DAMAGED: u64 = 3;

/// A directory of six entries in a blob file, the fourth with a bit changed.
fn damaged() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = RocksStore::open(dir.path(), &RocksOptions::default()).expect("a new store");
    for index in 0..6 {
        append(
            &store,
            1,
            index,
            &[u8::try_from(index).expect("small"); 10_000],
        )
        .expect("written");
    }
    drop(store);
    let blob = blob_file(&dir);
    let mut bytes = fs::read(&blob).expect("a blob file");
    let run = [u8::try_from(DAMAGED).expect("small"); 9_000];
    let at = bytes
        .windows(run.len())
        .position(|window| window == run)
        .expect("the entry");
    bytes[at + 4_500] ^= 0x10;
    fs::write(&blob, bytes).expect("written");
    dir
}

fn blob_file(dir: &TempDir) -> PathBuf {
    let files = fs::read_dir(dir.path().join("rocks"))
        .expect("the database")
        .filter_map(Result::ok);
    files
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|kind| kind == "blob"))
        .expect("a blob file")
}

fn assert_names_the_entry(error: &StoreError) {
    let StoreError::Corrupt {
        family: Family::Log,
        entry,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(*entry, Some(LogKey::new(SHARD, DAMAGED)), "{error}");
    assert!(
        error
            .to_string()
            .contains(&format!("entry {DAMAGED} of shard {SHARD}")),
        "{error}"
    );
}

#[test]
fn a_read_names_the_damaged_entry_and_others_are_whole() {
    let dir = damaged();
    let store = RocksStore::open(dir.path(), &RocksOptions::default()).expect("opens");
    for index in 0..6 {
        match store.get(Family::Log, &log_key(1, index)) {
            Ok(value) => {
                assert!(index != DAMAGED && value.is_some_and(|value| value.len() == 10_000));
            }
            Err(error) => {
                assert_eq!(index, DAMAGED);
                assert_names_the_entry(&error);
            }
        }
        assert!(
            store
                .head(&log_key(1, index))
                .expect("headers lie elsewhere")
                .is_some()
        );
    }
}

#[test]
fn a_scan_stops_at_the_damaged_entry_and_names_it() {
    let dir = damaged();
    let store = RocksStore::open(dir.path(), &RocksOptions::default()).expect("opens");
    let scan = |range: &KeyRange, order| {
        let mut visited = Vec::new();
        let mut visit = |key: &[u8], _| {
            visited.push(LogKey::decode(key).expect("a log key").index);
            ControlFlow::Continue(())
        };
        let error = store
            .scan(Family::Log, range, order, &mut visit)
            .expect_err("an entry is damaged");
        assert_names_the_entry(&error);
        visited
    };
    assert_eq!(scan(&LogKey::all(SHARD), Order::Forward), [0, 1, 2]);
    assert_eq!(scan(&LogKey::all(SHARD), Order::Backward), [5, 4]);
    assert!(scan(&LogKey::from(SHARD, DAMAGED), Order::Forward).is_empty());
    assert!(scan(&LogKey::between(SHARD, 0, DAMAGED + 1), Order::Backward).is_empty());
}
