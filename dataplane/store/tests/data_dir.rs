//! A data directory belongs to one process, to one format, and has an identity that it keeps.

use std::fs;

use anabranch_store::{FORMAT, Family, RocksOptions, RocksStore, Store, StoreError, WriteSet};

mod support;
use support::append;

fn open(dir: &std::path::Path) -> Result<RocksStore, StoreError> {
    RocksStore::open(dir, &RocksOptions::default())
}

fn refusal(dir: &std::path::Path) -> StoreError {
    open(dir).map(|_| ()).expect_err("refused")
}

#[test]
fn a_second_opener_is_told_who_holds_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = open(dir.path()).expect("a new store");
    let error = refusal(dir.path());
    assert!(
        matches!(error, StoreError::Locked { pid: Some(pid), .. } if pid == std::process::id()),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .ends_with(&format!("is in use by process {}", std::process::id())),
        "{error}"
    );
    drop(store);
    open(dir.path()).expect("free again");
}

#[test]
fn its_identity_stays_and_is_its_own() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let other = tempfile::tempdir().expect("a temporary directory");
    let uid = open(dir.path()).expect("a new store").uid();
    assert_eq!(open(dir.path()).expect("the same store").uid(), uid);
    assert_ne!(open(other.path()).expect("a new store").uid(), uid);
}

#[test]
fn a_newer_format_is_refused_with_both_numbers() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(open(dir.path()).expect("a new store"));
    let path = dir.path().join("FORMAT");
    let text = fs::read_to_string(&path).expect("a format file");
    fs::write(
        &path,
        text.replacen(&format!("data {FORMAT}"), "data 4294967295", 1),
    )
    .expect("written");
    let error = refusal(dir.path());
    assert!(
        matches!(
            error,
            StoreError::NewerFormat {
                found: u32::MAX,
                supported: FORMAT,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_damaged_or_missing_format_file_is_refused_and_never_replaced() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(open(dir.path()).expect("a new store"));
    let path = dir.path().join("FORMAT");
    let text = fs::read_to_string(&path).expect("a format file");
    for damaged in [
        "",
        "hello",
        "anabranch data \n",
        "anabranch data 1\nuid 12\n",
        "anabranch data 1\n",
    ] {
        fs::write(&path, damaged).expect("written");
        assert!(
            matches!(refusal(dir.path()), StoreError::NotADataDirectory { .. }),
            "{damaged:?}"
        );
        assert_eq!(fs::read_to_string(&path).expect("still there"), damaged);
    }
    fs::remove_file(&path).expect("removed");
    assert!(matches!(
        refusal(dir.path()),
        StoreError::NotADataDirectory { .. }
    ));
    fs::write(&path, text).expect("written");
    open(dir.path()).expect("whole again");
}

#[test]
fn a_half_written_format_file_is_written_again() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("FORMAT.new"), "anabr").expect("written");
    let store = open(dir.path()).expect("a new store");
    append(&store, 1, 1, b"value").expect("written");
}

#[test]
fn opening_does_not_read_the_data() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let small = RocksOptions {
        memtable_bytes: 4 << 20,
        ..RocksOptions::default()
    };
    let store = RocksStore::open(dir.path(), &small).expect("a new store");
    for index in 0..400 {
        append(&store, 1, index, &vec![1; 100_000]).expect("written");
    }
    drop(store);
    let before = bytes_read();
    drop(RocksStore::open(dir.path(), &small).expect("the same store"));
    let read = bytes_read() - before;
    assert!(read < 2_000_000, "{read} bytes read to open 40 MB");
}

/// Bytes that this thread asked the system to read.
fn bytes_read() -> u64 {
    let text = fs::read_to_string("/proc/self/io").expect("procfs");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("rchar: "))
        .expect("a counter");
    line.parse().expect("bytes")
}

#[test]
fn a_store_whose_last_reference_is_a_callbacks_closes_all_the_same() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let open = || RocksStore::open(dir.path(), &RocksOptions::default());
    let store = std::sync::Arc::new(open().expect("a new store"));
    let (let_go, gone) = std::sync::mpsc::channel::<()>();
    let (closed, closing) = std::sync::mpsc::channel();
    let held = store.clone();
    let mut set = WriteSet::new();
    set.put_critical(Family::Catalog, b"key", b"value".to_vec());
    store.submit(
        set,
        Box::new(move |written| {
            gone.recv().expect("told");
            drop(held);
            closed.send(written).expect("heard");
        }),
    );
    drop(store);
    let_go.send(()).expect("heard");
    closing
        .recv()
        .expect("the callback ended")
        .expect("written");
    // The commit thread lets go of the directory a moment after its callback has ended.
    let reopened = std::iter::repeat_with(open)
        .take(10_000)
        .find_map(Result::ok);
    let value = reopened.expect("opened").get(Family::Catalog, b"key");
    assert_eq!(value.expect("read").as_deref(), Some(&b"value"[..]));
}
