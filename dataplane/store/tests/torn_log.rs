//! What a torn or damaged write-ahead log does to the next start: an unfinished tail is dropped, damage is refused, and
//! nothing is ever read that was not written.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anabranch_store::{Family, RocksOptions, RocksStore, Store, StoreError, WriteSet};
use tempfile::TempDir;

mod support;
use support::{append, copy_dir, log_key, write};

const ENTRIES: u64 = 8;
const VALUE_BYTES: usize = 60;

fn options() -> RocksOptions {
    RocksOptions {
        memtable_bytes: 1 << 20,
        ..RocksOptions::default()
    }
}

fn value(index: u64) -> Vec<u8> {
    vec![u8::try_from(index + 1).expect("few entries"); VALUE_BYTES]
}

/// A data directory as the death of its process left it: nothing flushed, every entry acknowledged.
struct Crashed {
    dir: TempDir,
    /// Length of the log when each entry had been acknowledged.
    acknowledged_at: Vec<u64>,
}

impl Crashed {
    fn new(after_restart: bool) -> Self {
        let live = tempfile::tempdir().expect("a temporary directory");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut store = RocksStore::open(live.path(), &options()).expect("a new store");
        if after_restart {
            drop(store);
            store = RocksStore::open(live.path(), &options()).expect("the same store");
        }
        let acknowledge = |index| {
            append(&store, 1, index, &value(index)).expect("written");
            fs::metadata(log_file(live.path())).expect("the log").len()
        };
        let acknowledged_at = (0..ENTRIES).map(acknowledge).collect();
        copy_dir(live.path(), dir.path());
        Self {
            dir,
            acknowledged_at,
        }
    }

    /// Starts on a copy whose log was changed by `damage`, and tells how many entries are there.
    fn entries_after(&self, damage: impl FnOnce(&mut Vec<u8>)) -> Result<u64, StoreError> {
        let copy = tempfile::tempdir().expect("a temporary directory");
        copy_dir(self.dir.path(), copy.path());
        let path = log_file(copy.path());
        let mut bytes = fs::read(&path).expect("the log");
        damage(&mut bytes);
        fs::write(&path, bytes).expect("written");
        let store = RocksStore::open(copy.path(), &options())?;
        let is_there = |index: &u64| match store
            .get(Family::Log, &log_key(1, *index))
            .expect("readable")
        {
            Some(found) => {
                assert_eq!(found, value(*index), "what is there is what was written");
                true
            }
            None => false,
        };
        let count = (0..ENTRIES).take_while(is_there).count() as u64;
        assert!(
            !(count..ENTRIES).any(|index| is_there(&index)),
            "there are no holes"
        );
        Ok(count)
    }
}

/// The newest write-ahead log under `dir`.
fn log_file(dir: &Path) -> PathBuf {
    log_files(dir).pop().expect("a log")
}

/// The write-ahead logs under `dir`, oldest first.
fn log_files(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.join("rocks"))
        .expect("the database")
        .filter_map(Result::ok)
        .map(|entry| entry.path());
    let mut logs: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    logs.sort();
    logs
}

#[test]
fn a_tail_torn_at_any_byte_loses_only_what_was_not_acknowledged() {
    for after_restart in [false, true] {
        let crashed = Crashed::new(after_restart);
        let [.., before, whole] = crashed.acknowledged_at[..] else {
            panic!("several entries")
        };
        assert_eq!(
            crashed.entries_after(|_| ()).expect("an undamaged log"),
            ENTRIES
        );
        for len in before..whole {
            let cut = |bytes: &mut Vec<u8>| bytes.truncate(usize::try_from(len).expect("small"));
            let count = crashed
                .entries_after(cut)
                .expect("a torn tail is no damage");
            assert_eq!(count, ENTRIES - 1, "cut to {len} of {whole}");
        }
    }
}

#[test]
fn zeros_behind_the_tail_are_no_damage() {
    let crashed = Crashed::new(false);
    for len in [1, 7, 100, 40_000] {
        let lengthen = |bytes: &mut Vec<u8>| bytes.resize(bytes.len() + len, 0);
        assert_eq!(
            crashed
                .entries_after(lengthen)
                .expect("preallocated space is no damage"),
            ENTRIES
        );
    }
}

#[test]
fn an_older_log_that_lost_its_end_is_refused() {
    let live = tempfile::tempdir().expect("a temporary directory");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = RocksStore::open(live.path(), &options()).expect("a new store");
    // It is flushed seldom, and holds the first log back.
    let mut set = WriteSet::new();
    set.put(Family::Raft, b"vote", "1");
    write(&store, set);
    for index in 0..40 {
        append(&store, 1, index, &vec![7; 100_000]).expect("written");
    }
    copy_dir(live.path(), dir.path());
    let logs = log_files(dir.path());
    assert!(logs.len() > 1, "the first log is held back");
    let bytes = fs::read(&logs[0]).expect("the log");
    fs::write(&logs[0], &bytes[..bytes.len() - 1]).expect("written");
    let refusal = RocksStore::open(dir.path(), &options())
        .map(|_| ())
        .expect_err("a byte is missing");
    assert!(matches!(refusal, StoreError::Corrupt { .. }), "{refusal}");
    fs::remove_file(&logs[0]).expect("removed");
    let refusal = RocksStore::open(dir.path(), &options())
        .map(|_| ())
        .expect_err("a log is missing");
    assert!(matches!(refusal, StoreError::Corrupt { .. }), "{refusal}");
}

/// A record of the log is `crc u32 ‖ length u16 ‖ type u8 ‖ batch`. A length of the *last* record that grew past the end of the
/// file looks like a write that was cut off, and nothing in the file says otherwise: this is the one kind of damage that is
/// taken for a torn tail, and the test says exactly which bytes it is about.
#[test]
fn damage_to_acknowledged_entries_is_refused() {
    let crashed = Crashed::new(false);
    let first = crashed.acknowledged_at[0];
    let [.., last, end] = crashed.acknowledged_at[..] else {
        panic!("several entries")
    };
    let headers = crashed.acknowledged_at[..crashed.acknowledged_at.len() - 1]
        .iter()
        .flat_map(|start| *start..start + 7);
    let is_last_length = |at: u64| (last + 4..last + 6).contains(&at);
    for at in (first..end).step_by(7).chain(headers) {
        for bit in 0..8 {
            let flip =
                |bytes: &mut Vec<u8>| bytes[usize::try_from(at).expect("small")] ^= 1_u8 << bit;
            match crashed.entries_after(flip) {
                Err(StoreError::Corrupt { .. }) => {}
                Ok(count) => {
                    assert!(
                        is_last_length(at),
                        "byte {at}, bit {bit}: started with {count} entries"
                    );
                    assert_eq!(count, ENTRIES - 1, "byte {at}, bit {bit}");
                }
                Err(error) => panic!("byte {at}, bit {bit}: {error}"),
            }
        }
    }
}

/// RocksDB's own reader refuses some of these, and never comes back from others.
#[test]
fn garbage_behind_the_tail_is_cut_off_or_refused() {
    let crashed = Crashed::new(false);
    let garbage = |length: u16, kind: u8| {
        let mut bytes: Vec<u8> = (1..=200).collect();
        bytes[4..6].copy_from_slice(&length.to_le_bytes());
        bytes[6] = kind;
        bytes
    };
    for kind in 0..=u8::MAX {
        let longer = crashed.entries_after(|bytes| bytes.extend(garbage(1_000, kind)));
        assert_eq!(longer.expect("it was cut off"), ENTRIES, "type {kind}");
        // This may have been a whole record, with an answer to it, that something changed.
        let whole = crashed.entries_after(|bytes| bytes.extend(garbage(193, kind)));
        let refusal = whole.expect_err("damage");
        assert!(
            matches!(refusal, StoreError::Corrupt { .. }),
            "type {kind}: {refusal}"
        );
    }
}

/// The pages of one large write reach the disk in any order.
#[test]
fn a_write_with_pages_missing_is_cut_off_when_it_was_the_last() {
    const PAGE: usize = 4096;
    let live = tempfile::tempdir().expect("a temporary directory");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = RocksStore::open(live.path(), &options()).expect("a new store");
    let mut ends = Vec::new();
    for index in 0..3 {
        append(&store, 1, index, &vec![7; 100_000]).expect("written");
        let end = fs::metadata(log_file(live.path())).expect("the log").len();
        ends.push(usize::try_from(end).expect("small"));
    }
    copy_dir(live.path(), dir.path());
    let open_without = |page: usize| {
        let copy = tempfile::tempdir().expect("a temporary directory");
        copy_dir(dir.path(), copy.path());
        let path = log_file(copy.path());
        let mut bytes = fs::read(&path).expect("the log");
        bytes[page * PAGE..(page + 1) * PAGE].fill(0);
        fs::write(&path, bytes).expect("written");
        RocksStore::open(copy.path(), &options()).map(|store| {
            let read = |index| {
                store
                    .get(Family::Log, &log_key(1, index))
                    .expect("readable")
            };
            [0, 1, 2].map(|index| read(index).is_some())
        })
    };
    for page in ends[0] / PAGE + 1..ends[1] / PAGE {
        let refusal = open_without(page).expect_err("a page of what was acknowledged");
        assert!(matches!(refusal, StoreError::Corrupt { .. }), "{refusal}");
    }
    for page in ends[1] / PAGE + 1..ends[2] / PAGE {
        let found = open_without(page).expect("nobody had an answer");
        assert_eq!(found, [true, true, false], "without page {page}");
    }
}

#[test]
fn what_was_cut_off_stays_away_and_the_log_goes_on() {
    let crashed = Crashed::new(false);
    let path = log_file(crashed.dir.path());
    let mut bytes = fs::read(&path).expect("the log");
    bytes.extend([0; 5_000]);
    fs::write(&path, bytes).expect("written");
    for round in 0..3 {
        let store = RocksStore::open(crashed.dir.path(), &options()).expect("a torn tail");
        append(&store, 1, ENTRIES + round, &value(0)).expect("written");
        let copy = tempfile::tempdir().expect("a temporary directory");
        copy_dir(crashed.dir.path(), copy.path());
        let copied = RocksStore::open(copy.path(), &options()).expect("a crash");
        for index in 0..=ENTRIES + round {
            let found = copied.get(Family::Log, &log_key(1, index));
            assert!(found.expect("readable").is_some(), "entry {index}");
        }
    }
}
