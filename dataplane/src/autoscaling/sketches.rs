//! The load sketches of the shards that this process serves.
//!
//! Fed with what is *offered*, before the shard's limits, and with a sample of it: of an append of many records 32 at most, each
//! standing for its neighbours. Hashing a key costs more than all else here, and 32 records say enough of one append.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anabranch_domain::load_sketch::LoadSketch;
use anabranch_domain::quota::ShardLimits;
use anabranch_domain::{HashKey, HashKeyRange, ShardUid, Timestamp};

use crate::shard::NewRecord;

/// Records of one append that are looked at.
const SAMPLES_MAX: usize = 32;

/// One sketch a shard that was written to since the process started.
#[derive(Debug)]
pub struct ShardSketches {
    /// What a small record counts: where a shard is full of records before it is full of bytes, those are its load.
    bytes_min: u64,
    by_shard: Mutex<HashMap<ShardUid, Arc<Mutex<Fed>>>>,
}

#[derive(Debug)]
struct Fed {
    sketch: LoadSketch,
    /// Where in an append the sample begins, so that no place of it is always left out.
    turn: usize,
}

impl ShardSketches {
    /// None yet, for shards with these limits.
    pub fn new(limits: &ShardLimits) -> Self {
        let bytes_min = match (limits.write_bytes_per_sec, limits.write_records_per_sec) {
            (Some(bytes), Some(records)) => bytes / records.max(1),
            // By records alone: every record counts the same.
            (None, Some(_)) => u64::MAX,
            _ => 0,
        };
        Self {
            bytes_min,
            by_shard: Mutex::default(),
        }
    }

    /// Takes in what a shard was offered.
    pub fn offer(
        &self,
        shard: ShardUid,
        range: HashKeyRange,
        records: &[NewRecord],
        now: Timestamp,
    ) {
        let fed = {
            let mut by_shard = lock(&self.by_shard);
            let fed = by_shard.entry(shard).or_insert_with(|| {
                let sketch = LoadSketch::new(range, now);
                Arc::new(Mutex::new(Fed { sketch, turn: 0 }))
            });
            Arc::clone(fed)
        };
        let mut fed = lock(&fed);
        let stride = records.len().div_ceil(SAMPLES_MAX).max(1);
        let first = fed.turn % stride;
        fed.turn = fed.turn.wrapping_add(1);
        for record in records.iter().skip(first).step_by(stride) {
            let Some(key) = hash_key(record) else {
                continue;
            };
            let bytes = (record.counted_len() as u64).max(self.bytes_min);
            #[allow(clippy::cast_precision_loss, reason = "a weight")]
            let weight = bytes as f64 * stride as f64;
            fed.sketch.add(key, weight, now);
        }
    }

    /// A shard's sketch, if it was written to.
    pub fn of(&self, shard: ShardUid) -> Option<LoadSketch> {
        let fed = lock(&self.by_shard).get(&shard).map(Arc::clone);
        fed.map(|fed| lock(&fed).sketch.clone())
    }

    /// The shards that have one.
    pub fn uids(&self) -> Vec<ShardUid> {
        lock(&self.by_shard).keys().copied().collect()
    }

    /// Drops those of shards that are gone.
    pub fn forget(&self, gone: &HashSet<ShardUid>) {
        lock(&self.by_shard).retain(|shard, _| !gone.contains(shard));
    }
}

/// None of a record that the service itself puts where there is room.
fn hash_key(record: &NewRecord) -> Option<HashKey> {
    let of_partition_key = |key: &str| HashKey::of_partition_key(key);
    record
        .explicit_hash_key
        .or_else(|| record.partition_key.as_deref().map(of_partition_key))
}

/// A sketch that a panic left half fed is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use anabranch_wire::Text;
    use bytes::Bytes;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn record(key: &str, bytes: usize) -> NewRecord {
        NewRecord {
            partition_key: Some(Text::from(key.to_owned())),
            explicit_hash_key: None,
            data: Bytes::from(vec![0; bytes]),
        }
    }

    #[test]
    fn a_sample_weighs_what_the_whole_does_and_leaves_no_key_out_for_ever() {
        let sketches = ShardSketches::new(&ShardLimits::aws());
        let shard = ShardUid::from_bits(1);
        let records: Vec<_> = (0..500).map(|it| record(&it.to_string(), 4_096)).collect();
        for _ in 0..64 {
            sketches.offer(shard, HashKeyRange::ALL, &records, NOW);
        }
        let sketch = sketches.of(shard).expect("it was offered something");
        let weight = sketch.weight(NOW) / (64.0 * 500.0 * 4_098.0);
        assert!((weight - 1.0).abs() < 0.02, "{weight}");
        let middle = sketch.rank(HashKey::new(u128::MAX / 2)).guess;
        assert!((middle - 0.5).abs() < 0.07, "{middle}");
        sketches.forget(&HashSet::from([shard]));
        assert!(sketches.of(shard).is_none() && sketches.uids().is_empty());
    }

    #[test]
    fn small_records_count_as_what_they_cost_a_shard() {
        let sketches = ShardSketches::new(&ShardLimits::aws());
        let shard = ShardUid::from_bits(1);
        sketches.offer(shard, HashKeyRange::ALL, &[record("a", 1)], NOW);
        let weight = sketches.of(shard).expect("there").weight(NOW);
        assert!((weight - 1_048.0).abs() < 1.0, "{weight}");
    }
}
