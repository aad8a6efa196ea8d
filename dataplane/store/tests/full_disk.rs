//! Full and read-only disks. The small disks are mounts, which need root: without it the cases say so and pass.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
};

use anabranch_domain::ShardUid;
use anabranch_store::{
    DiskFault, Family, Reserve, ReserveSize, RocksOptions, RocksStore, Store, StoreError, WriteSet,
    keys::LogKey,
};
use tempfile::TempDir;

mod support;
use support::{append, log_key, write};

const MIB: u64 = 1 << 20;
const VALUE_BYTES: usize = 100_000;

/// A mounted directory, unmounted when dropped.
struct Mount {
    path: PathBuf,
    _dir: TempDir,
}

impl Mount {
    /// A disk of 64 MiB, or none where this process may not mount.
    fn small() -> Option<Self> {
        Self::new(&["-t", "tmpfs", "-o", "size=64m", "tmpfs"])
    }

    fn new(arguments: &[&str]) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("mount");
        fs::create_dir(&path).expect("a directory");
        let mount = Command::new("mount").args(arguments).arg(&path).output();
        if mount.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self { path, _dir: dir });
        }
        eprintln!("SKIPPED: cannot mount: {mount:?}");
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(&self.path)
            .status();
    }
}

fn options(reserve_bytes: u64) -> RocksOptions {
    RocksOptions {
        memtable_bytes: 2 << 20,
        reserve: ReserveSize::Bytes(reserve_bytes),
        ..RocksOptions::default()
    }
}

/// Appends entries from `first` on until one is refused; tells the refusal and how many are acknowledged now.
fn append_until_refused(store: &RocksStore, first: u64) -> (StoreError, u64) {
    for index in first.. {
        if let Err(error) = append(store, 1, index, &vec![1; VALUE_BYTES]) {
            return (error, index);
        }
    }
    unreachable!("no disk is endless")
}

fn assert_whole(store: &RocksStore, first: u64, end: u64) {
    for index in first..end {
        let found = store
            .get(Family::Log, &log_key(1, index))
            .expect("readable");
        assert_eq!(
            found.map(|value| value.len()),
            Some(VALUE_BYTES),
            "entry {index} of {first}..{end}"
        );
    }
}

fn trim(store: &RocksStore, end: u64) {
    let range = LogKey::between(ShardUid::from_bits(1), 0, end);
    let mut set = WriteSet::new();
    set.delete_range(Family::Log, range.clone());
    set.put_critical(Family::Raft, b"purged", end.to_string());
    write(store, set);
    store.release(Family::Log, &range).expect("released");
}

#[test]
fn below_the_reserve_puts_are_refused_and_trims_bring_them_back() {
    let Some(disk) = Mount::small() else { return };
    let store = RocksStore::open(&disk.path, &options(24 * MIB)).expect("a new store");
    let mut first = 0;
    let mut end = 0;
    for _ in 0..3 {
        let (refusal, acknowledged) = append_until_refused(&store, end);
        assert!(refusal.is_retryable(), "{refusal}");
        // What the refusal saw, not what is free by now: a flush that ends meanwhile unlinks its log.
        let StoreError::StorageLow {
            free_bytes,
            reserve_bytes,
        } = refusal
        else {
            panic!("{refusal}");
        };
        assert!(free_bytes < reserve_bytes, "{free_bytes} {reserve_bytes}");
        assert_whole(&store, first, acknowledged);
        first = acknowledged - 20;
        end = acknowledged;
        trim(&store, first);
        assert_eq!(store.usage().expect("readable").reserve, Reserve::Whole);
        store.admits(1).expect("there is room again");
    }
    drop(store);
    let store = RocksStore::open(&disk.path, &options(24 * MIB)).expect("the same store");
    assert_whole(&store, first, end);
    assert_eq!(
        store
            .get(Family::Log, &log_key(1, first - 1))
            .expect("readable"),
        None
    );
}

#[test]
fn a_disk_that_others_filled_loses_nothing_and_goes_on_by_itself() {
    let Some(disk) = Mount::small() else { return };
    let store = RocksStore::open(&disk.path, &options(0)).expect("a new store");
    let filler = disk.path.join("filler");
    fs::write(&filler, vec![0; 48 << 20]).expect("room for it");
    // Nothing is kept in reserve: now the disk is really full, in the log, in a flush or in the manifest.
    let (failure, end) = append_until_refused(&store, 0);
    assert!(
        matches!(
            failure,
            StoreError::Disk {
                fault: DiskFault::NoSpace,
                ..
            }
        ),
        "{failure}"
    );
    assert!(failure.is_retryable());
    assert_whole(&store, 0, end);
    // What may not be refused waits.
    let (sender, receiver) = mpsc::channel();
    let mut set = WriteSet::new();
    set.put_critical(Family::Log, log_key(1, end), vec![1; VALUE_BYTES]);
    store.submit(
        set,
        Box::new(move |result| sender.send(result).expect("waited for")),
    );
    assert!(receiver.try_recv().is_err(), "there is no room");
    fs::remove_file(&filler).expect("ours");
    receiver
        .recv()
        .expect("done is always called")
        .expect("written once there is room");
    append(&store, 1, end + 1, &vec![1; VALUE_BYTES]).expect("puts go on");
    assert_whole(&store, 0, end + 2);
    drop(store);
    let store = RocksStore::open(&disk.path, &options(0)).expect("the same store");
    assert_whole(&store, 0, end + 2);
}

#[test]
fn a_store_on_a_full_disk_can_be_closed_and_opened_again() {
    let Some(disk) = Mount::small() else { return };
    let store = RocksStore::open(&disk.path, &options(0)).expect("a new store");
    let filler = disk.path.join("filler");
    fs::write(&filler, vec![0; 48 << 20]).expect("room for it");
    let (_, end) = append_until_refused(&store, 0);
    let (sender, receiver) = mpsc::channel();
    let mut set = WriteSet::new();
    set.put_critical(Family::Log, log_key(1, end), vec![1; VALUE_BYTES]);
    store.submit(
        set,
        Box::new(move |result| sender.send(result).expect("waited for")),
    );
    drop(store);
    // Not acknowledged: it may be there or not.
    receiver
        .recv()
        .expect("done is always called")
        .expect_err("there is no room");
    fs::remove_file(&filler).expect("ours");
    let store = RocksStore::open(&disk.path, &options(0)).expect("the same store");
    assert_whole(&store, 0, end);
}

#[test]
fn a_read_only_disk_is_said_to_be_so() {
    let writable = tempfile::tempdir().expect("a temporary directory");
    drop(RocksStore::open(writable.path(), &options(0)).expect("a new store"));
    let Some(disk) = Mount::new(&["--bind", writable.path().to_str().expect("plain")]) else {
        return;
    };
    let remount = Command::new("mount")
        .args(["-o", "remount,bind,ro"])
        .arg(&disk.path)
        .status()
        .expect("mount");
    assert!(remount.success());
    let error = RocksStore::open(&disk.path, &options(0))
        .map(|_| ())
        .expect_err("read-only");
    assert!(
        matches!(
            error,
            StoreError::Disk {
                fault: DiskFault::ReadOnly,
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.is_retryable());
    let missing = Path::new(&disk.path).join("new");
    let error = RocksStore::open(&missing, &options(0))
        .map(|_| ())
        .expect_err("read-only");
    assert!(
        matches!(
            error,
            StoreError::Disk {
                fault: DiskFault::ReadOnly,
                ..
            }
        ),
        "{error}"
    );
}
