//! Trimmed space returns to the file system, whichever shards share its files, and no record of another shard is lost.

use std::{fs, os::unix::fs::MetadataExt, path::Path, sync::mpsc};

use anabranch_domain::ShardUid;
use anabranch_store::{Family, RocksOptions, RocksStore, Store, WriteSet, keys::LogKey};

const MIB: u64 = 1 << 20;
const VALUE_BYTES: usize = 256 * 1024;

fn write(store: &RocksStore, set: WriteSet) {
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

fn shard(number: u128) -> ShardUid {
    ShardUid::from_bits(number << 96)
}

fn value(number: u128) -> Vec<u8> {
    vec![u8::try_from(number + 1).expect("few shards"); VALUE_BYTES]
}

/// Appends entries `first..end` to each of `shards`, in turn.
fn append(store: &RocksStore, shards: &[u128], first: u64, end: u64) {
    for index in first..end {
        let mut set = WriteSet::new();
        for &number in shards {
            set.put(
                Family::Log,
                LogKey::new(shard(number), index).encode(),
                value(number),
            );
        }
        write(store, set);
    }
}

fn trim(store: &RocksStore, number: u128, end: u64) {
    let range = LogKey::between(shard(number), 0, end);
    let mut set = WriteSet::new();
    set.delete_range(Family::Log, range.clone());
    write(store, set);
    store.release(Family::Log, &range).expect("released");
}

/// What `du` says, in MiB.
fn disk_mib(dir: &Path) -> u64 {
    fn bytes(path: &Path) -> u64 {
        let entries = fs::read_dir(path).expect("a directory");
        entries
            .filter_map(Result::ok)
            .map(|entry| match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => bytes(&entry.path()),
                Ok(metadata) => metadata.blocks() * 512,
                // Unlinked meanwhile.
                Err(_) => 0,
            })
            .sum()
    }
    bytes(dir) / MIB
}

fn small_memtable() -> RocksOptions {
    RocksOptions {
        memtable_bytes: 8 << 20,
        ..RocksOptions::default()
    }
}

fn assert_whole(store: &RocksStore, number: u128, first: u64, end: u64) {
    for index in first..end {
        let value = store
            .get(Family::Log, &LogKey::new(shard(number), index).encode())
            .expect("readable");
        let value = value.unwrap_or_else(|| panic!("entry {index} of shard {number} is there"));
        assert!(
            value == self::value(number),
            "entry {index} of shard {number} is as it was"
        );
    }
}

#[test]
fn a_trim_gives_its_space_back() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = RocksStore::open(dir.path(), &small_memtable()).expect("a new store");
    append(&store, &[0], 0, 800);
    let full = disk_mib(dir.path());
    assert!(full >= 200, "{full} MiB");
    trim(&store, 0, 760);
    let left = disk_mib(dir.path());
    assert!(
        left <= 10 + 3 * 8 + 32,
        "{full} MiB before, {left} MiB after"
    );
    assert_whole(&store, 0, 760, 800);
}

#[test]
fn shards_with_other_retentions_do_not_hold_it_back() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = RocksStore::open(dir.path(), &small_memtable()).expect("a new store");
    append(&store, &[0, 1, 2, 3], 0, 200);
    let full = disk_mib(dir.path());
    assert!(full >= 200, "{full} MiB");
    // One expires whole, two almost; the fourth is kept, and lies in the same blob files.
    trim(&store, 0, 200);
    trim(&store, 2, 190);
    trim(&store, 3, 180);
    let left = disk_mib(dir.path());
    assert!(
        left <= 58 + 3 * 8 + 32,
        "{full} MiB before, {left} MiB after"
    );
    for (number, first) in [(1, 0), (2, 190), (3, 180)] {
        assert_whole(&store, number, first, 200);
    }
    drop(store);
    let store = RocksStore::open(dir.path(), &small_memtable()).expect("the same store");
    for (number, first) in [(1, 0), (2, 190), (3, 180)] {
        assert_whole(&store, number, first, 200);
    }
    assert_eq!(
        store
            .get(Family::Log, &LogKey::new(shard(0), 199).encode())
            .expect("readable"),
        None
    );
}

#[test]
fn a_steady_stream_takes_bounded_space() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = RocksStore::open(dir.path(), &small_memtable()).expect("a new store");
    for round in 0..10 {
        append(&store, &[0, 1], round * 40, (round + 1) * 40);
        for number in [0, 1] {
            trim(&store, number, (round * 40).saturating_sub(40));
        }
        let left = disk_mib(dir.path());
        assert!(
            left <= 3 * 20 + 3 * 8 + 32 + 10,
            "{left} MiB after round {round}"
        );
    }
}
