//! What survives a crash of the machine: the bytes, and how well the disk is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anabranch_store::keys::LogKey;
use anabranch_store::{Family, Operation, WriteSet};
use bytes::Bytes;

use crate::dice::Dice;
use crate::witness::DiskWitness;

/// How well a disk is. Faults set it, and healing sets it back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Condition {
    /// It has no room for more than its reserve.
    pub(crate) is_full: bool,
    /// So often in a thousand does a sync fail.
    pub(crate) sync_failures: u64,
    /// A sync takes up to this many milliseconds longer.
    pub(crate) slower_by_ms: u64,
}

pub(super) type Families = [BTreeMap<Vec<u8>, Bytes>; Family::ALL.len()];

/// A disk.
pub(crate) struct Platter {
    /// Which disk it is, for the trace.
    pub(crate) name: String,
    pub(super) dice: Dice,
    state: Mutex<State>,
    witness: Arc<dyn DiskWitness>,
}

#[derive(Default)]
struct State {
    families: Families,
    /// Written by the process that has the disk and not synced yet: a crash leaves any number of them from the first on.
    unsynced: VecDeque<WriteSet>,
    condition: Condition,
}

impl Platter {
    /// An empty disk. `witness` sees everything that is ever on it.
    pub(crate) fn new(name: String, dice: Dice, witness: Arc<dyn DiskWitness>) -> Arc<Self> {
        Arc::new(Self {
            name,
            dice,
            state: Mutex::default(),
            witness,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How well it is.
    pub(crate) fn condition(&self) -> Condition {
        self.lock().condition
    }

    /// Makes it better or worse.
    pub(crate) fn set_condition(&self, condition: Condition) {
        self.lock().condition = condition;
    }

    /// What the process before left unsynced is there in part, whole sets from the first on: what RocksDB makes of a torn
    /// end of its log. Gives back how many sets were there, and how many survived.
    pub(super) fn recover(&self) -> (usize, usize) {
        let left = std::mem::take(&mut self.lock().unsynced);
        let count = left.len();
        let survive = self.dice.below(count + 1);
        for set in left.into_iter().take(survive) {
            self.apply(set);
        }
        (count, survive)
    }

    /// Takes a set that the process has written.
    pub(super) fn note_unsynced(&self, set: WriteSet) {
        self.lock().unsynced.push_back(set);
    }

    /// Forgets unsynced sets after the first `kept`, which were refused.
    pub(super) fn forget_unsynced(&self, kept: usize) {
        self.lock().unsynced.truncate(kept);
    }

    /// Whether the first unsynced set is one that a full disk refuses.
    pub(super) fn first_unsynced_grows(&self) -> bool {
        self.lock().unsynced.front().is_some_and(WriteSet::grows)
    }

    /// The first unsynced set was refused and not written.
    pub(super) fn drop_unsynced(&self) {
        self.lock().unsynced.pop_front();
    }

    /// The first unsynced set is synced.
    pub(super) fn sync_first(&self) {
        let set = self.lock().unsynced.pop_front();
        self.apply(set.expect("a set that was written"));
    }

    fn apply(&self, set: WriteSet) {
        for operation in set.into_operations() {
            self.witness.written(&self.name, &operation);
            let mut state = self.lock();
            match operation {
                Operation::Put { family, key, value } => {
                    state.families[slot(family)].insert(key, value);
                }
                Operation::Delete { family, key } => {
                    state.families[slot(family)].remove(&key);
                }
                Operation::DeleteRange { family, range } => {
                    state.families[slot(family)].retain(|key, _| !range.contains(key));
                }
            }
        }
    }

    /// Looks at what is stored.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Families) -> T) -> T {
        look(&self.lock().families)
    }

    /// Turns one bit of one stored log entry over, if there is any; says which entry.
    pub(crate) fn flip_a_bit(&self) -> Option<LogKey> {
        let mut state = self.lock();
        let log = &mut state.families[slot(Family::Log)];
        if log.is_empty() {
            return None;
        }
        let chosen = self.dice.below(log.len());
        let (key, value) = log.iter_mut().nth(chosen)?;
        let mut bytes = value.to_vec();
        let at = self.dice.below(bytes.len());
        bytes[at] ^= 1 << self.dice.below(8);
        *value = bytes.into();
        LogKey::decode(key).ok()
    }
}

pub(super) fn slot(family: Family) -> usize {
    family as usize - 1
}
