//! How many more replicas each pool has room for, for who makes shards.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Replicas that pools have room for, by the pool's name.
#[derive(Debug, Default)]
pub struct Rooms(Mutex<BTreeMap<String, u32>>);

impl Rooms {
    /// All that are known.
    pub fn all(&self) -> BTreeMap<String, u32> {
        let rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.clone()
    }

    /// What was seen of all pools that there are.
    pub(super) fn set(&self, seen: BTreeMap<String, u32>) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *rooms = seen;
    }
}
