//! The store for tests: the same contract over ordered maps, durable as long as the process lives.

use std::{
    collections::BTreeMap,
    ops::{Bound, ControlFlow},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::{
    Done, Family, KeyRange, Operation, Order, Reserve, Store, StoreError, Usage, WriteSet,
    entry::HEADER_LEN,
};

type Map = BTreeMap<Vec<u8>, Bytes>;

/// Ordered maps with the semantics of [`Store`].
#[derive(Debug, Default)]
pub struct MemoryStore {
    families: Mutex<[Map; Family::ALL.len()]>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, [Map; Family::ALL.len()]> {
        // A panic in a visitor leaves the maps whole: they are never changed while one runs.
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slot(family: Family) -> usize {
    family as usize - 1
}

fn bounds(range: &KeyRange) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Included(range.start()), Bound::Excluded(range.end()))
}

fn apply(families: &mut [Map], operation: Operation) {
    match operation {
        Operation::Put { family, key, value } => {
            families[slot(family)].insert(key, value);
        }
        Operation::Delete { family, key } => {
            families[slot(family)].remove(&key);
        }
        Operation::DeleteRange { family, range } => {
            families[slot(family)].retain(|key, _| !range.contains(key));
        }
    }
}

impl Store for MemoryStore {
    fn submit(&self, set: WriteSet, done: Done) {
        let mut families = self.lock();
        for operation in set.into_operations() {
            apply(&mut families[..], operation);
        }
        // Under the lock, so that callbacks keep the order of submission; they may not call back into the store.
        done(Ok(()));
    }

    fn admits(&self, _bytes: usize) -> Result<(), StoreError> {
        Ok(())
    }

    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.lock()[slot(family)].get(key).cloned())
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
        // A copy of the map's pointers: the visitor may be slow or use the store.
        let found: Vec<(Vec<u8>, Bytes)> = self.lock()[slot(family)]
            .range::<[u8], _>(bounds(range))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut visit = |(key, value): (Vec<u8>, Bytes)| visit(&key, value);
        let _ = match order {
            Order::Forward => found.into_iter().try_for_each(&mut visit),
            Order::Backward => found.into_iter().rev().try_for_each(&mut visit),
        };
        Ok(())
    }

    fn release(&self, _family: Family, _range: &KeyRange) -> Result<(), StoreError> {
        Ok(())
    }

    fn waits(&self) -> bool {
        false
    }

    fn usage(&self) -> Result<Usage, StoreError> {
        let bytes: usize = self
            .lock()
            .iter()
            .flatten()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        Ok(Usage {
            disk_bytes: bytes as u64,
            free_bytes: u64::MAX,
            reserve_bytes: 0,
            waiting_bytes: 0,
            reserve: Reserve::Whole,
        })
    }
}
