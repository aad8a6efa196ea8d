//! How RocksDB is set up, and why. `docs/store.md` has the measurements behind each choice.

use std::path::Path;

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompactionStyle, DBCompressionType,
    DBRecoveryMode, LogLevel, Options, WriteOptions,
};

use rustix::fs::{Mode, OFlags};

use super::options::RocksOptions;
use crate::Family;

/// Log values from this size on lie in blob files. Smaller ones are rewritten by each compaction: with 1 KiB values in
/// the tables, a byte was written 3.8 times in its life, with blob files 2.1 times.
pub(super) const BLOB_BYTES_MIN: usize = 512;

/// Log values from this size on have their header once more in [`HEADS`]: smaller ones are as quickly read whole.
pub(super) const HEAD_BYTES_MIN: usize = 8 * 1024;

/// The column family of the headers of large log values.
pub(super) const HEADS: &str = "heads";

/// Blob files are cut here. Small enough that one shard's trim frees whole files, large enough that creating them
/// does not count.
pub(super) const BLOB_FILE_BYTES: u64 = 32 << 20;

/// What a family of small values collects in memory.
pub(super) const SMALL_MEMTABLE_BYTES: usize = 8 * MIB;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// How flushes reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlushIo {
    /// Past the page cache.
    Direct,
    /// Through it: where the file system cannot do otherwise.
    Buffered,
}

impl FlushIo {
    /// What the file system of the directory `path` can do.
    pub(super) fn of(path: &Path) -> Self {
        let probe = path.join("PROBE");
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::DIRECT;
        let opened = rustix::fs::open(&probe, flags, Mode::RUSR | Mode::WUSR);
        // Left over, it would do no harm.
        let _ = std::fs::remove_file(&probe);
        if opened.is_ok() {
            Self::Direct
        } else {
            Self::Buffered
        }
    }
}

/// Options of the whole database.
pub(super) fn database(options: &RocksOptions, flush_io: FlushIo) -> Options {
    let mut base = Options::default();
    base.create_if_missing(true);
    base.create_missing_column_families(true);
    // `torn_tail` has cut off what an unacknowledged write leaves; anything else that is wrong refuses the start.
    // The default, point in time, would silently drop every acknowledged write behind a damaged one.
    base.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    // Notes the length of each log that is closed: one that is missing or shorter at the next start refuses it.
    base.set_track_and_verify_wals_in_manifest(true);
    // Bounds the replay at the next start, and what idle column families may hold back.
    base.set_max_total_wal_size(3 * options.memtable_bytes as u64);
    base.set_max_open_files(i32::try_from(options.open_files).unwrap_or(i32::MAX));
    base.set_skip_stats_update_on_db_open(true);
    base.set_max_background_jobs(2);
    base.set_log_level(LogLevel::Warn);
    base.set_keep_log_file_num(4);
    base.set_max_log_file_size(4 * MIB);
    base.set_stats_dump_period_sec(0);
    base.set_stats_persist_period_sec(0);
    // A flush past the page cache costs a third less processor for the whole path of a record, and leaves no heap of
    // dirty pages for the log's next sync to wait behind. It goes by writes of a mebibyte: smaller ones were slower.
    base.set_use_direct_io_for_flush_and_compaction(flush_io == FlushIo::Direct);
    if flush_io == FlushIo::Buffered {
        // Starts the write-back of a flush while it goes on, so that its final sync does not hold up the log's.
        base.set_bytes_per_sync(MIB as u64);
    }
    base
}

/// Options that the binding has no method for.
pub(super) const DATABASE_TEXT: &str = "avoid_flush_during_recovery=true;";

/// The column families with their options.
pub(super) fn column_families(options: &RocksOptions) -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(options.block_cache_bytes);
    vec![
        ColumnFamilyDescriptor::new("default", small(&cache)),
        ColumnFamilyDescriptor::new(Family::Log.name(), log(options, &cache)),
        ColumnFamilyDescriptor::new(HEADS, small(&cache)),
        ColumnFamilyDescriptor::new(Family::Raft.name(), small(&cache)),
        ColumnFamilyDescriptor::new(Family::Catalog.name(), small(&cache)),
    ]
}

/// Small values, rewritten at times.
fn small(cache: &Cache) -> Options {
    let mut options = Options::default();
    options.set_write_buffer_size(SMALL_MEMTABLE_BYTES);
    options.set_max_write_buffer_number(3);
    options.set_compression_type(DBCompressionType::None);
    options.set_block_based_table_factory(&table(cache));
    options
}

/// Large values, written once, deleted from the front.
fn log(options: &RocksOptions, cache: &Cache) -> Options {
    let mut log = Options::default();
    log.set_write_buffer_size(options.memtable_bytes);
    log.set_max_write_buffer_number(3);
    log.set_compression_type(DBCompressionType::None);
    log.set_block_based_table_factory(&table(cache));
    log.set_compaction_style(DBCompactionStyle::Level);
    log.set_level_zero_file_num_compaction_trigger(8);
    log.set_enable_blob_files(true);
    log.set_min_blob_size(BLOB_BYTES_MIN as u64);
    log.set_blob_file_size(BLOB_FILE_BYTES);
    log.set_blob_compression_type(DBCompressionType::None);
    // Garbage collection inside compactions would rewrite the oldest files again and again, although trimming makes
    // them garbage as a whole. `release` collects when it pays.
    log.set_enable_blob_gc(false);
    log
}

fn table(cache: &Cache) -> BlockBasedOptions {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_cache_index_and_filter_blocks(true);
    table.set_bloom_filter(10.0, false);
    table.set_block_size(16 * KIB);
    table.set_format_version(6);
    table
}

/// The write options of a group commit.
pub(super) fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}
