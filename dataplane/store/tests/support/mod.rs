//! What the store's tests share: writing and waiting, keys, and copies of a data directory as a crash would leave it.

// Each test binary uses its own part of it.
#![allow(dead_code)]

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path, sync::mpsc};

use anabranch_domain::ShardUid;
use anabranch_store::{Family, Store, StoreError, WriteSet, keys::LogKey};

/// Writes `set` and waits for the answer.
pub(crate) fn try_write(store: &dyn Store, set: WriteSet) -> Result<(), StoreError> {
    let (sender, receiver) = mpsc::channel();
    store.submit(set, Box::new(move |result| drop(sender.send(result))));
    receiver.recv().expect("done is always called")
}

/// Writes `set`, which must succeed.
pub(crate) fn write(store: &dyn Store, set: WriteSet) {
    try_write(store, set).expect("written");
}

/// The key of entry `index` of the shard with this number.
pub(crate) fn log_key(shard: u128, index: u64) -> [u8; LogKey::LEN] {
    LogKey::new(ShardUid::from_bits(shard), index).encode()
}

/// Writes `value` as entry `index` of a shard's log.
pub(crate) fn append(
    store: &dyn Store,
    shard: u128,
    index: u64,
    value: &[u8],
) -> Result<(), StoreError> {
    let mut set = WriteSet::new();
    set.put(Family::Log, log_key(shard, index), value.to_vec());
    try_write(store, set)
}

/// Copies the files of `from`, which a store may have open, to the empty directory `to`: as a crash at one moment would
/// leave them. Begins again when files come, go or grow meanwhile: a manifest that was copied before its store noted that a log is
/// whole would belong to an earlier moment than the log does.
pub(crate) fn copy_dir(from: &Path, to: &Path) {
    while !copied_whole(from, to) {
        fs::remove_dir_all(to).expect("ours");
    }
}

fn copied_whole(from: &Path, to: &Path) -> bool {
    fs::create_dir_all(to).expect("a directory");
    let before = files(from);
    for (name, _) in &before {
        let (source, target) = (from.join(name), to.join(name));
        let is_copied = if source.is_dir() {
            copied_whole(&source, &target)
        } else {
            fs::copy(&source, &target).is_ok()
        };
        if !is_copied {
            return false;
        }
    }
    files(from) == before
}

/// Names and lengths.
fn files(dir: &Path) -> BTreeSet<(OsString, u64)> {
    let length = |entry: &fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => 0,
    };
    fs::read_dir(dir)
        .expect("a directory")
        .filter_map(Result::ok)
        .map(|entry| (entry.file_name(), length(&entry)))
        .collect()
}
