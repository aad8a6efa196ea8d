//! The group commit: all write sets that wait become one batch, one synced write, and are answered in order.
//!
//! Order without holes: when a write fails for good, every later one fails with it, until the process is started again.
//! So a log can never contain an entry without the one before. A full disk is no such failure: sets that may not be
//! refused are written again until there is room, in their order.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rocksdb::WriteBatch;
use tracing::{error, info, warn};

use super::{
    observer::{GroupFacts, StoreObserver},
    open::Database,
    queue::{CommitQueue, Pending},
    reserve::DiskReserve,
    tuning::HEAD_BYTES_MIN,
};
use crate::{
    DiskFault, Family, Operation, Reserve, StoreError, WriteSet, entry::HEADER_LEN, failpoints,
};

/// RocksDB looks every five seconds whether a full disk has room again; asking it more often finds out sooner.
const FULL_DISK_PAUSE: Duration = Duration::from_millis(100);

/// What was answered for before it was synced is synced no later than this.
pub const LAZY_MAX: Duration = Duration::from_millis(200);

/// Bytes that RocksDB puts around an operation in a batch.
const OPERATION_FRAME_BYTES: usize = 16;

/// What the commit thread works with.
pub(super) struct Committer {
    pub(super) database: Arc<Database>,
    pub(super) queue: Arc<CommitQueue>,
    pub(super) reserve: Arc<DiskReserve>,
    pub(super) observer: Option<Arc<dyn StoreObserver>>,
}

impl Committer {
    /// Starts the thread; it ends when the queue is closed and empty.
    pub(super) fn start(self) -> std::io::Result<JoinHandle<()>> {
        thread::Builder::new()
            .name("store-commit".to_owned())
            .spawn(move || self.run())
    }

    fn run(self) {
        let _ending = Ending(&self.queue);
        let mut group = Vec::new();
        let mut broken = None;
        // When the oldest of what is written and not synced has waited long enough.
        let mut sync_at: Option<Instant> = None;
        while self.queue.take(&mut group, sync_at) {
            if let Some(error) = &broken {
                refuse(group.drain(..), error);
            } else if let Err(error) = self.commit_or_sync(&mut group, &mut sync_at) {
                error!(%error, "the disk failed: nothing more is written until the next start");
                refuse(group.drain(..).chain(self.queue.drain()), &error);
                broken = Some(error);
            }
        }
    }

    /// Writes `group` and answers its writers, and syncs what was written without it when that is due.
    fn commit_or_sync(
        &self,
        group: &mut Vec<Pending>,
        sync_at: &mut Option<Instant>,
    ) -> Result<(), StoreError> {
        let is_due = sync_at.is_some_and(|due| due <= Instant::now());
        // Also where nothing waits; a group that is not lazy is synced with all before it.
        let is_lazy = group.iter().all(|pending| pending.set.is_lazy());
        if is_due && is_lazy {
            self.database.sync()?;
            *sync_at = None;
        }
        if group.is_empty() {
            return Ok(());
        }
        self.commit(group, is_lazy)?;
        if is_lazy {
            sync_at.get_or_insert_with(|| Instant::now() + LAZY_MAX);
        } else {
            *sync_at = None;
        }
        Ok(())
    }

    /// Writes `group` and answers its writers. An error has been told to nobody yet and is final.
    fn commit(&self, group: &mut Vec<Pending>, is_lazy: bool) -> Result<(), StoreError> {
        failpoints::pass(failpoints::COMMIT_BEFORE_WRITE)?;
        // An error here says nothing about writing: the write itself will tell.
        let is_low = self
            .reserve
            .look()
            .is_ok_and(|reserve| reserve == Reserve::Low);
        if is_low {
            let (kept, refused) = std::mem::take(group)
                .into_iter()
                .partition(|pending| !pending.set.grows());
            *group = kept;
            refuse(Vec::into_iter(refused), &self.reserve.refusal());
        }
        let began = Instant::now();
        let written = self.write(group, is_lazy);
        self.observe(group, began, written.is_ok(), is_lazy);
        written?;
        failpoints::pass(failpoints::COMMIT_BEFORE_CALLBACKS)?;
        for pending in group.drain(..) {
            (pending.done)(Ok(()));
            failpoints::pass(failpoints::COMMIT_BETWEEN_CALLBACKS)?;
        }
        Ok(())
    }

    fn write(&self, group: &mut Vec<Pending>, is_lazy: bool) -> Result<(), StoreError> {
        let mut is_waiting = false;
        while !group.is_empty() {
            let batch = self.batch(group);
            let written = if is_lazy {
                self.database.write_unsynced(batch)
            } else {
                self.database.write_synced(batch)
            };
            match written {
                Ok(()) if is_waiting => {
                    info!("the disk has room again");
                    break;
                }
                Ok(()) => break,
                Err(StoreError::Disk {
                    fault: DiskFault::NoSpace,
                    doing,
                    detail,
                }) if !self.queue.is_closed() => {
                    if !std::mem::replace(&mut is_waiting, true) {
                        warn!(%detail, "the disk is full, waiting for room");
                    }
                    let error = StoreError::Disk {
                        fault: DiskFault::NoSpace,
                        doing,
                        detail,
                    };
                    let (kept, refused) = std::mem::take(group)
                        .into_iter()
                        .partition(|pending| !pending.set.grows());
                    *group = kept;
                    refuse(Vec::into_iter(refused), &error);
                    thread::sleep(FULL_DISK_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// One batch for the whole group. Its room is reserved at once: growing would copy megabytes.
    fn batch(&self, group: &[Pending]) -> WriteBatch {
        let bytes: usize = group.iter().map(|pending| batch_bytes(&pending.set)).sum();
        let mut batch = WriteBatch::with_capacity_bytes(bytes + OPERATION_FRAME_BYTES);
        for operation in group.iter().flat_map(|pending| pending.set.operations()) {
            self.add(&mut batch, operation);
        }
        batch
    }

    fn add(&self, batch: &mut WriteBatch, operation: &Operation) {
        let database = &self.database;
        match operation {
            Operation::Put { family, key, value } => {
                batch.put_cf(database.family(*family), key, value);
                if has_head(*family, value) {
                    batch.put_cf(database.heads(), key, &value[..HEADER_LEN]);
                }
            }
            Operation::Delete { family, key } => {
                batch.delete_cf(database.family(*family), key);
                if *family == Family::Log {
                    batch.delete_cf(database.heads(), key);
                }
            }
            Operation::DeleteRange { family, range } => {
                batch.delete_range_cf(database.family(*family), range.start(), range.end());
                if *family == Family::Log {
                    batch.delete_range_cf(database.heads(), range.start(), range.end());
                }
            }
        }
    }

    fn observe(&self, group: &[Pending], began: Instant, durable: bool, is_lazy: bool) {
        let (Some(observer), Some(first)) = (&self.observer, group.first()) else {
            return;
        };
        observer.group(&GroupFacts {
            sets: group.len(),
            bytes: group.iter().map(|pending| pending.set.bytes()).sum(),
            queued: began.saturating_duration_since(first.since),
            write: began.elapsed(),
            durable,
            lazy: is_lazy,
        });
    }
}

/// Answers whoever waits when the thread ends, also by a panic in a callback: nobody waits for ever.
struct Ending<'a>(&'a CommitQueue);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.close();
        refuse(self.0.drain(), &StoreError::Closed);
    }
}

fn has_head(family: Family, value: &[u8]) -> bool {
    family == Family::Log && value.len() >= HEAD_BYTES_MIN
}

fn batch_bytes(set: &WriteSet) -> usize {
    let heads = set.operations().len()
        * (HEADER_LEN + crate::keys::LogKey::LEN + 2 * OPERATION_FRAME_BYTES);
    set.bytes() + heads
}

fn refuse(pending: impl IntoIterator<Item = Pending>, error: &StoreError) {
    for pending in pending {
        (pending.done)(Err(error.clone()));
    }
}
