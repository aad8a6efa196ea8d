//! Opening RocksDB, and the handle that everything here works on.

use std::path::Path;

use rocksdb::{ColumnFamily, DB, Options, WriteBatch, WriteOptions};

use super::{fault::rocks_error, options::RocksOptions, torn_tail, tuning, witness::Witness};
use crate::{Family, StoreError, failpoints};

/// An open RocksDB.
pub(super) struct Database {
    db: DB,
    synced: WriteOptions,
    unsynced: WriteOptions,
    witness: Witness,
    /// What the options in use were made from: it owns what they point to.
    _base: Options,
}

impl Database {
    pub(super) fn open(
        dir: &Path,
        path: &Path,
        options: &RocksOptions,
    ) -> Result<Self, StoreError> {
        torn_tail::mend(path)?;
        let fail = |error: rocksdb::Error| rocks_error("open the database", Family::Log, &error);
        let mut base = tuning::database(options, tuning::FlushIo::of(dir));
        let whole = base
            .get_options_from_string(tuning::DATABASE_TEXT)
            .map_err(fail)?;
        let db = DB::open_cf_descriptors(&whole, path, tuning::column_families(options))
            .map_err(fail)?;
        Ok(Self {
            db,
            synced: tuning::synced(),
            unsynced: WriteOptions::default(),
            witness: Witness::new(dir)?,
            _base: base,
        })
    }

    pub(super) fn db(&self) -> &DB {
        &self.db
    }

    pub(super) fn family(&self, family: Family) -> &ColumnFamily {
        self.named(family.name())
    }

    /// The headers of large log values.
    pub(super) fn heads(&self) -> &ColumnFamily {
        self.named(tuning::HEADS)
    }

    fn named(&self, name: &str) -> &ColumnFamily {
        self.db
            .cf_handle(name)
            .expect("every column family is made by opening")
    }

    /// Writes `batch` and returns when the system has it.
    pub(super) fn write_unsynced(&self, batch: WriteBatch) -> Result<(), StoreError> {
        let written = self.db.write_opt(batch, &self.unsynced);
        written.map_err(|error| rocks_error("write a group", Family::Log, &error))
    }

    /// Returns when everything written before is on stable storage.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let synced = self.db.flush_wal(true);
        synced.map_err(|error| rocks_error("sync", Family::Log, &error))?;
        self.witness.ask()
    }

    /// Writes `batch` and returns when it is on stable storage.
    pub(super) fn write_synced(&self, batch: WriteBatch) -> Result<(), StoreError> {
        let fail = |error: rocksdb::Error| rocks_error("write a group", Family::Log, &error);
        if failpoints::armed() {
            // The same in two steps, with a place to die between them.
            self.db.write_opt(batch, &self.unsynced).map_err(fail)?;
            failpoints::pass(failpoints::COMMIT_BEFORE_SYNC)?;
            self.db.flush_wal(true).map_err(fail)?;
        } else {
            self.db.write_opt(batch, &self.synced).map_err(fail)?;
        }
        self.witness.ask()
    }

    /// Writes what is in memory to its files, so that the next start has nothing to replay.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        for family in Family::ALL
            .map(|family| self.family(family))
            .into_iter()
            .chain([self.heads()])
        {
            self.db
                .flush_cf(family)
                .map_err(|error| rocks_error("flush", Family::Log, &error))?;
        }
        Ok(())
    }
}
