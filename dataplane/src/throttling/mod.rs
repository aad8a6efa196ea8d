//! AWS's limits on a shard, kept where the shard is served, and on how often the control plane is called ([`CallRates`]).
//!
//! Owns the tanks of every shard that was used since the process started; the arithmetic is
//! `anabranch_domain::throttle`. A restart starts with full tanks, as AWS's own failover does.
//! Invariant: at most one entry a shard of the catalog; a destroyed shard takes its tanks along.

mod calls;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anabranch_domain::quota::ShardLimits;
use anabranch_domain::throttle::{ReadThrottle, WriteThrottle};
use anabranch_domain::{ShardUid, Timestamp};

pub use calls::CallRates;

/// The tanks of all shards.
#[derive(Debug)]
pub struct Throttles {
    limits: ShardLimits,
    by_shard: Mutex<HashMap<ShardUid, Arc<Mutex<ShardTanks>>>>,
}

/// The tanks of one shard.
#[derive(Debug)]
pub struct ShardTanks {
    /// Its writers'.
    pub write: WriteThrottle,
    /// Those that its readers share.
    pub read: ReadThrottle,
}

/// One shard's tanks, shared by its requests.
#[derive(Debug, Clone)]
pub struct ShardThrottle(Arc<Mutex<ShardTanks>>);

impl Throttles {
    /// Tanks by `limits`.
    pub fn new(limits: ShardLimits) -> Self {
        Self {
            limits,
            by_shard: Mutex::default(),
        }
    }

    /// The tanks of one shard, full when it is first asked for.
    pub fn of(&self, shard: ShardUid, now: Timestamp) -> ShardThrottle {
        let mut by_shard = lock(&self.by_shard);
        let tanks = by_shard.entry(shard).or_insert_with(|| {
            Arc::new(Mutex::new(ShardTanks {
                write: WriteThrottle::new(&self.limits, now),
                read: ReadThrottle::new(&self.limits, now),
            }))
        });
        ShardThrottle(Arc::clone(tanks))
    }

    /// The shards that have tanks.
    pub fn uids(&self) -> Vec<ShardUid> {
        lock(&self.by_shard).keys().copied().collect()
    }

    /// Drops the tanks of shards that are gone.
    pub fn forget(&self, gone: &HashSet<ShardUid>) {
        let mut by_shard = lock(&self.by_shard);
        for shard in gone {
            by_shard.remove(shard);
        }
    }
}

impl ShardThrottle {
    /// Takes them for one decision; never held across an `await`.
    pub fn lock(&self) -> MutexGuard<'_, ShardTanks> {
        lock(&self.0)
    }
}

/// Tanks hold no invariant that a panic elsewhere could break half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
