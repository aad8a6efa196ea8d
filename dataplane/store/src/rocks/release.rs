//! Giving trimmed space back to the file system.
//!
//! A range delete only hides keys. Here the files that lie wholly inside the range are unlinked, the rest of the range is
//! compacted so that blob files lose their last reference, and blob files that are mostly garbage of several shards are
//! rewritten once, when that frees more than it writes.

use rocksdb::{BottommostLevelCompaction, ColumnFamily, CompactOptions};
use tracing::debug;

use super::{fault::rocks_error, open::Database};
use crate::{Family, KeyRange, StoreError, failpoints};

/// Garbage below which blob files are not rewritten.
const COLLECTION_BYTES_MIN: u64 = 64 << 20;

/// Gives back the space of `range` of `family`.
pub(super) fn release(
    database: &Database,
    family: Family,
    range: &KeyRange,
) -> Result<(), StoreError> {
    if range.is_empty() {
        return Ok(());
    }
    failpoints::pass(failpoints::RELEASE_BEFORE_FILES)?;
    let heads = (family == Family::Log).then(|| database.heads());
    for column in heads.into_iter().chain([database.family(family)]) {
        unlink_whole_files(database, family, column, range)?;
    }
    failpoints::pass(failpoints::RELEASE_BEFORE_COMPACTION)?;
    for column in heads.into_iter().chain([database.family(family)]) {
        compact(database, column, range);
    }
    failpoints::pass(failpoints::RELEASE_BEFORE_COLLECTION)?;
    if family == Family::Log && garbage_pays(database)? {
        collect(database)?;
    }
    failpoints::pass(failpoints::RELEASE_AFTER)
}

fn unlink_whole_files(
    database: &Database,
    family: Family,
    column: &ColumnFamily,
    range: &KeyRange,
) -> Result<(), StoreError> {
    let unlinked = database
        .db()
        .delete_file_in_range_cf(column, range.start(), range.end());
    unlinked.map_err(|error| rocks_error("unlink trimmed files", family, &error))
}

fn compact(database: &Database, column: &ColumnFamily, range: &KeyRange) {
    let mut options = CompactOptions::default();
    options.set_bottommost_level_compaction(BottommostLevelCompaction::ForceOptimized);
    // Other compactions go on beside it.
    options.set_exclusive_manual_compaction(false);
    database
        .db()
        .compact_range_cf_opt(column, Some(range.start()), Some(range.end()), &options);
}

/// Whether rewriting blob files frees at least as much as it writes: half of what they hold is garbage. So every byte
/// is moved at most once for a byte that was freed, and shards with one retention never move any.
fn garbage_pays(database: &Database) -> Result<bool, StoreError> {
    let number = |name: &str| {
        let value = database
            .db()
            .property_int_value_cf(database.family(Family::Log), name);
        value
            .map(Option::unwrap_or_default)
            .map_err(|error| rocks_error("measure garbage", Family::Log, &error))
    };
    let garbage_bytes = number("rocksdb.live-blob-file-garbage-size")?;
    let total_bytes = number("rocksdb.live-blob-file-size")?;
    debug!(garbage_bytes, total_bytes, "blob files after a trim");
    Ok(garbage_bytes >= COLLECTION_BYTES_MIN && garbage_bytes * 2 >= total_bytes)
}

/// Moves what is alive out of all blob files.
fn collect(database: &Database) -> Result<(), StoreError> {
    let log = database.family(Family::Log);
    let set = |options: &[(&str, &str)]| {
        let set = database.db().set_options_cf(log, options);
        set.map_err(|error| rocks_error("set up collection", Family::Log, &error))
    };
    set(&[
        ("enable_blob_garbage_collection", "true"),
        ("blob_garbage_collection_age_cutoff", "1.0"),
    ])?;
    let everything = KeyRange::prefix([]);
    compact(database, log, &everything);
    set(&[("enable_blob_garbage_collection", "false")])
}
