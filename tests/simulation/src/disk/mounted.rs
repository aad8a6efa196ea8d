//! A disk as one process has it: the store's contract, with a group commit that takes simulated time.

use std::collections::VecDeque;
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anabranch_store::entry::HEADER_LEN;
use anabranch_store::{
    DiskFault, Done, Family, KeyRange, Order, Reserve, Store, StoreError, Usage, WriteSet,
};
use bytes::Bytes;
use tokio::sync::Notify;

use super::platter::{Platter, slot};

const RESERVE_BYTES: u64 = 1 << 30;

/// A disk that a process writes to. A crash drops it with the process, and with it the answers that were not given.
pub(crate) struct MountedDisk {
    platter: Arc<Platter>,
    queue: Mutex<Queue>,
    news: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// A sync failed: nothing more is written before the next start.
    broken: Option<StoreError>,
}

struct Waiting {
    grows: bool,
    done: Done,
}

impl MountedDisk {
    /// Starts on `platter` with what survived there.
    pub(crate) fn mount(platter: Arc<Platter>) -> Arc<Self> {
        let (left, survived) = platter.recover();
        if left > 0 {
            crate::trace::note(|| {
                format!(
                    "{}: {survived} of {left} unsynced writes survived",
                    platter.name
                )
            });
        }
        let disk = Arc::new(Self {
            platter,
            queue: Mutex::default(),
            news: Notify::new(),
        });
        let committing = Arc::clone(&disk);
        tokio::spawn(async move {
            loop {
                committing.news.notified().await;
                committing.commit_all().await;
            }
        });
        disk
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn commit_all(&self) {
        loop {
            // What comes while this group is being synced is in the next one.
            let count = self.lock().waiting.len();
            if count == 0 {
                return;
            }
            let condition = self.platter.condition();
            let dice = &self.platter.dice;
            tokio::time::sleep(dice.millis(0..=2 + condition.slower_by_ms)).await;
            if dice.one_of_a_thousand(condition.sync_failures) {
                self.fail(count);
                return;
            }
            for _ in 0..count {
                self.commit_first(condition.is_full);
            }
            let written: Vec<_> = self.lock().waiting.drain(..count).collect();
            // Durable and not yet told: a crash may fall in between.
            tokio::time::sleep(dice.millis(0..=1)).await;
            for waiting in written {
                let refused = condition.is_full && waiting.grows;
                (waiting.done)(if refused { Err(refusal()) } else { Ok(()) });
            }
        }
    }

    fn commit_first(&self, is_full: bool) {
        // Sets leave the platter's list in the order in which they came, refused or not.
        let grows = self.platter.first_unsynced_grows();
        if is_full && grows {
            self.platter.drop_unsynced();
        } else {
            self.platter.sync_first();
        }
    }

    /// The sync of the first `count` sets failed: some of them may be there after the next start, and no later one.
    fn fail(&self, count: usize) {
        let error = StoreError::Disk {
            doing: "sync the write-ahead log",
            fault: DiskFault::Io,
            detail: "simulated: input/output error".into(),
        };
        let refused: Vec<_> = {
            let mut queue = self.lock();
            queue.broken = Some(error.clone());
            queue.waiting.drain(..).collect()
        };
        self.platter.forget_unsynced(count);
        crate::trace::note(|| format!("{}: a sync failed", self.platter.name));
        for waiting in refused {
            (waiting.done)(Err(error.clone()));
        }
    }
}

fn refusal() -> StoreError {
    StoreError::StorageLow {
        free_bytes: 0,
        reserve_bytes: RESERVE_BYTES,
    }
}

fn bounds(range: &KeyRange) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Included(range.start()), Bound::Excluded(range.end()))
}

impl Store for MountedDisk {
    fn submit(&self, set: WriteSet, done: Done) {
        let broken = self.lock().broken.clone();
        if let Some(error) = broken {
            return done(Err(error));
        }
        let grows = set.grows();
        self.platter.note_unsynced(set);
        self.lock().waiting.push_back(Waiting { grows, done });
        self.news.notify_one();
    }

    fn admits(&self, _: usize) -> Result<(), StoreError> {
        if self.platter.condition().is_full {
            Err(refusal())
        } else {
            Ok(())
        }
    }

    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self
            .platter
            .look(|families| families[slot(family)].get(key).cloned()))
    }

    fn head(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let value = self.get(Family::Log, key)?;
        Ok(value.map(|value| value.slice(..value.len().min(HEADER_LEN))))
    }

    fn scan(
        &self,
        family: Family,
        range: &KeyRange,
        order: Order,
        visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        let found: Vec<(Vec<u8>, Bytes)> = self.platter.look(|families| {
            let within = families[slot(family)].range::<[u8], _>(bounds(range));
            within
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        });
        let mut visit = |(key, value): (Vec<u8>, Bytes)| visit(&key, value);
        let _ = match order {
            Order::Forward => found.into_iter().try_for_each(&mut visit),
            Order::Backward => found.into_iter().rev().try_for_each(&mut visit),
        };
        Ok(())
    }

    fn release(&self, _: Family, _: &KeyRange) -> Result<(), StoreError> {
        Ok(())
    }

    fn waits(&self) -> bool {
        // Threads would make the order of things depend on the machine.
        false
    }

    fn usage(&self) -> Result<Usage, StoreError> {
        let is_full = self.platter.condition().is_full;
        Ok(Usage {
            disk_bytes: 0,
            free_bytes: if is_full { 0 } else { u64::MAX },
            reserve_bytes: RESERVE_BYTES,
            waiting_bytes: 0,
            reserve: if is_full {
                Reserve::Low
            } else {
                Reserve::Whole
            },
        })
    }
}
