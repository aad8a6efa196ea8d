//! A disk that fails: alone in its process, because the fail-point that it arms counts for the whole of it.

use anabranch_store::{
    DiskFault, Family, RocksOptions, RocksStore, Store, StoreError, WriteSet, failpoints,
};

mod support;
use support::{append, log_key, try_write};

fn assert_whole(store: &RocksStore, end: u64) {
    for index in 0..end {
        let found = store
            .get(Family::Log, &log_key(1, index))
            .expect("readable");
        assert_eq!(
            found.as_deref(),
            Some(&b"value"[..]),
            "entry {index} of {end}"
        );
    }
}

#[test]
fn after_an_input_output_error_nothing_is_written_and_everything_can_be_read() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = RocksStore::open(dir.path(), &RocksOptions::default()).expect("a new store");
    append(&store, 1, 0, b"value").expect("written");
    failpoints::arm("store-commit-before-write=1*return(eio)->off").expect("sensible");
    for index in 1..4 {
        let error = append(&store, 1, index, b"value").expect_err("the disk failed");
        assert!(
            matches!(
                error,
                StoreError::Disk {
                    fault: DiskFault::Io,
                    ..
                }
            ),
            "{error}"
        );
    }
    let mut trim = WriteSet::new();
    trim.delete(Family::Log, log_key(1, 0));
    try_write(&store, trim).expect_err("an order without holes: nothing follows a lost write");
    assert_whole(&store, 1);
    drop(store);
    let store = RocksStore::open(dir.path(), &RocksOptions::default()).expect("the same store");
    append(&store, 1, 1, b"value").expect("written");
    assert_whole(&store, 2);
}
