//! [`RocksStore`]: the parts of this folder put together.

use std::{
    ops::ControlFlow,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use tracing::warn;

use super::{
    commit_thread::Committer,
    data_dir::{DataDir, DataDirUid},
    fault::io_error,
    observer::StoreObserver,
    open::Database,
    options::RocksOptions,
    queue::{Bounds, CommitQueue},
    read, release,
    reserve::DiskReserve,
};
use crate::{
    Done, Family, KeyRange, Order, Reserve, Store, StoreError, Usage, WriteSet, failpoints,
};

/// A data directory, open for this process alone. Dropping it writes what waits, and closes.
pub struct RocksStore {
    database: Arc<Database>,
    queue: Arc<CommitQueue>,
    reserve: Arc<DiskReserve>,
    observer: Option<Arc<dyn StoreObserver>>,
    committer: Option<JoinHandle<()>>,
    /// One release at a time: they compete for the same disk.
    releasing: Mutex<()>,
    /// Last, so that the directory is held until everything else is closed.
    data_dir: DataDir,
}

impl RocksStore {
    /// Opens the data directory `dir`, or makes it. The time does not grow with what lies in it.
    pub fn open(dir: &Path, options: &RocksOptions) -> Result<Self, StoreError> {
        let data_dir = DataDir::open(dir)?;
        let reserve = Arc::new(DiskReserve::new(dir, options.reserve)?);
        failpoints::pass(failpoints::OPEN_BEFORE_ROCKS)?;
        let database = Arc::new(Database::open(dir, &data_dir.rocks_path(), options)?);
        failpoints::pass(failpoints::OPEN_AFTER_ROCKS)?;
        let queue = Arc::new(CommitQueue::new(Bounds {
            queue_bytes: options.queue_bytes,
            queue_sets: options.queue_sets,
            group_bytes: options.group_bytes,
        }));
        let observer = options.observer.clone();
        let committer = Committer {
            database: database.clone(),
            queue: queue.clone(),
            reserve: reserve.clone(),
            observer: observer.clone(),
        };
        let committer = committer
            .start()
            .map_err(|error| io_error("start the commit thread", &error))?;
        let committer = Some(committer);
        Ok(Self {
            database,
            queue,
            reserve,
            observer,
            committer,
            releasing: Mutex::new(()),
            data_dir,
        })
    }

    /// Identity of the data directory.
    pub fn uid(&self) -> DataDirUid {
        self.data_dir.uid()
    }

    /// The data directory.
    pub fn path(&self) -> &Path {
        self.data_dir.path()
    }

    fn family_bytes(&self, column: &rocksdb::ColumnFamily) -> u64 {
        // Absent only for a property that RocksDB does not know; then the rest is still worth telling.
        let number = |name: &str| {
            self.database
                .db()
                .property_int_value_cf(column, name)
                .ok()
                .flatten()
                .unwrap_or(0)
        };
        number("rocksdb.total-sst-files-size") + number("rocksdb.total-blob-file-size")
    }
}

impl Store for RocksStore {
    fn submit(&self, set: WriteSet, done: Done) {
        if let Err((done, error)) = self.queue.push(set, done) {
            if let Some(observer) = &self.observer {
                observer.refused();
            }
            done(Err(error));
        }
    }

    fn admits(&self, bytes: usize) -> Result<(), StoreError> {
        match self.reserve.last() {
            Reserve::Whole => self.queue.admits(bytes),
            // The last look may be as old as the last write, which may have been the last one for this very reason.
            Reserve::Low if self.reserve.look()? == Reserve::Whole => self.queue.admits(bytes),
            Reserve::Low => Err(self.reserve.refusal()),
        }
    }

    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        read::get(&self.database, family, key)
    }

    fn head(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        read::head(&self.database, key)
    }

    fn scan(
        &self,
        family: Family,
        range: &KeyRange,
        order: Order,
        visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        read::scan(&self.database, family, range, order, visit)
    }

    fn release(&self, family: Family, range: &KeyRange) -> Result<(), StoreError> {
        // It guards no data.
        let _one = self
            .releasing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        release::release(&self.database, family, range)
    }

    fn usage(&self) -> Result<Usage, StoreError> {
        let reserve = self.reserve.look()?;
        let families = Family::ALL.map(|family| self.database.family(family));
        let disk_bytes = families
            .into_iter()
            .chain([self.database.heads()])
            .map(|family| self.family_bytes(family));
        Ok(Usage {
            disk_bytes: disk_bytes.sum(),
            free_bytes: self.reserve.free_bytes(),
            reserve_bytes: self.reserve.reserve_bytes(),
            waiting_bytes: self.queue.waiting_bytes() as u64,
            reserve,
        })
    }
}

impl Drop for RocksStore {
    fn drop(&mut self) {
        self.queue.close();
        // A callback may hold the last reference: then this is the commit thread, which ends when the callback does, and
        // would wait for itself for ever.
        let is_callback =
            |committer: &JoinHandle<()>| committer.thread().id() == thread::current().id();
        if let Some(committer) = self.committer.take().filter(|it| !is_callback(it)) {
            // It panics only where a callback does; everything acknowledged is safe all the same.
            let _ = committer.join();
        }
        let flushed =
            failpoints::pass(failpoints::CLOSE_BEFORE_FLUSH).and_then(|()| self.database.flush());
        if let Err(error) = flushed {
            warn!(%error, "closing without a flush: the next start replays the log");
        }
    }
}
