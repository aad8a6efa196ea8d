//! What clients asked and were told, and what there is at the end. All that most invariants know.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A record's place: the shard's index, and the record's number in it.
pub(crate) type Place = (u32, u64);

/// One record that was put.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    /// Its partition key: each key is one client's, which puts one record of it after the other.
    pub(crate) key: String,
    /// Its bytes: no two records have the same.
    pub(crate) data: String,
    /// When it was asked for.
    pub(crate) invoked: u64,
    /// When the answer came, if any did.
    pub(crate) returned: Option<u64>,
    /// What the answer says; nothing where it is a failure: then the record may be there or not.
    pub(crate) place: Option<Place>,
}

/// One call that read records.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) reader: String,
    pub(crate) shard: u32,
    /// The number of the record that must come next; none where a reader begins at the tip.
    pub(crate) expected: Option<u64>,
    pub(crate) returned: u64,
    pub(crate) records: Vec<(u64, String)>,
}

/// One call that was told that there is nothing more.
#[derive(Debug, Clone)]
pub(crate) struct Tip {
    pub(crate) reader: String,
    pub(crate) shard: u32,
    /// When it was asked.
    pub(crate) invoked: u64,
    /// The number that the next record would have.
    pub(crate) end: u64,
}

/// Everything that clients saw.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) puts: Vec<Put>,
    pub(crate) reads: Vec<Read>,
    pub(crate) tips: Vec<Tip>,
    /// What was asked for before this has expired, or may have; nothing, as long as this is 0.
    pub(crate) expired_before: u64,
}

impl History {
    /// Whether a record may be gone for its age.
    pub(crate) fn has_expired(&self, put: &Put) -> bool {
        put.invoked < self.expired_before
    }

    /// The bytes of the records that may be gone for their age.
    pub(crate) fn expired(&self) -> HashSet<&str> {
        let expired = self.puts.iter().filter(|put| self.has_expired(put));
        expired.map(|put| put.data.as_str()).collect()
    }
}

/// A history that is being made.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<History>);

impl Recorder {
    /// What is known so far.
    pub(crate) fn lock(&self) -> MutexGuard<'_, History> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A shard as it is at the end. One that has expired is there, too, with its parents and no records.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditedShard {
    /// The indexes of its parents.
    pub(crate) parents: Vec<u32>,
    /// Its records: number, partition key, bytes.
    pub(crate) records: Vec<(u64, String, String)>,
}

/// All shards as they are at the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audit {
    pub(crate) shards: BTreeMap<u32, AuditedShard>,
}

impl Audit {
    /// Where each record lies: by its bytes, every place.
    pub(crate) fn places(&self) -> BTreeMap<&str, Vec<Place>> {
        let mut places: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
        for (shard, audited) in &self.shards {
            for (ordinal, _, data) in &audited.records {
                places.entry(data).or_default().push((*shard, *ordinal));
            }
        }
        places
    }

    /// Whether `ancestor` is a parent of `shard`, or of a parent, and so on.
    pub(crate) fn descends(&self, shard: u32, ancestor: u32) -> bool {
        let Some(audited) = self.shards.get(&shard) else {
            return false;
        };
        let mut parents = audited.parents.iter();
        parents.any(|&parent| parent == ancestor || self.descends(parent, ancestor))
    }
}
