//! AWS's limits on a shard, kept where the shard is served, and on how often the control plane is called ([`CallRates`]).
//!
//! Owns the tanks of every shard that was used since the process started; the arithmetic is
//! `anabranch_domain::throttle`. A restart starts with full tanks, as AWS's own failover does.
//! Invariant: at most one entry a shard of the catalog; a destroyed shard takes its tanks along.

mod calls;
mod wished;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anabranch_domain::quota::ShardLimits;
use anabranch_domain::throttle::{ReadThrottle, WriteThrottle};
use anabranch_domain::{ShardUid, Timestamp};

pub use calls::CallRates;
pub use wished::wished;

/// The tanks of all shards.
#[derive(Debug)]
pub struct Throttles {
    limits: ShardLimits,
    /// Those of a shard that is not among `own`.
    unspoken: ShardLimits,
    /// Those of shards that were spoken of.
    own: Mutex<HashMap<ShardUid, ShardLimits>>,
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
            unspoken: limits,
            own: Mutex::default(),
            by_shard: Mutex::default(),
        }
    }

    /// Tanks by what a catalog says of each shard, which comes later than the shard: none is refused anything before. A client
    /// whose stream may more than AWS's does not learn that a pod is new, or that the API server is away.
    pub fn when_told(limits: ShardLimits) -> Self {
        Self {
            unspoken: ShardLimits::unlimited(),
            ..Self::new(limits)
        }
    }

    /// The tanks of one shard, full when it is first asked for.
    pub fn of(&self, shard: ShardUid, now: Timestamp) -> ShardThrottle {
        let mut by_shard = lock(&self.by_shard);
        let tanks = by_shard.entry(shard).or_insert_with(|| {
            let own = lock(&self.own).get(&shard).copied();
            let limits = own.unwrap_or(self.unspoken);
            Arc::new(Mutex::new(ShardTanks {
                write: WriteThrottle::new(&limits, now),
                read: ReadThrottle::new(&limits, now),
            }))
        });
        ShardThrottle(Arc::clone(tanks))
    }

    /// The limits of shards whose stream has none of its own.
    pub const fn limits(&self) -> ShardLimits {
        self.limits
    }

    /// These shards have limits of their own, and no others. One whose limits changed begins with full tanks.
    pub fn limit(&self, own: HashMap<ShardUid, ShardLimits>) {
        let changed = {
            let mut known = lock(&self.own);
            let either = known.keys().chain(own.keys());
            let changed = either.filter(|shard| known.get(*shard) != own.get(*shard));
            let changed = changed.copied().collect();
            *known = own;
            changed
        };
        self.forget(&changed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_with_limits_of_its_own_keeps_them_until_they_are_others() {
        let shared = ShardLimits {
            write_records_per_sec: Some(1),
            ..anabranch_domain::quota::Limits::unlimited().shard
        };
        let throttles = Throttles::new(shared);
        let (one, two) = (ShardUid::from_bits(1), ShardUid::from_bits(2));
        let now = Timestamp::from_secs(1_000);
        let taken = |shard| {
            let tanks = throttles.of(shard, now);
            let mut tanks = tanks.lock();
            (0..10).filter(|_| tanks.write.take(now, 1).is_ok()).count()
        };
        let own = |records| {
            let limits = ShardLimits {
                write_records_per_sec: Some(records),
                ..shared
            };
            HashMap::from([(one, limits)])
        };
        throttles.limit(own(3));
        assert_eq!((taken(one), taken(two)), (3, 1));
        throttles.limit(own(3));
        assert_eq!((taken(one), taken(two)), (0, 0), "nothing changed");
        throttles.limit(own(5));
        assert_eq!((taken(one), taken(two)), (5, 0));
        throttles.limit(HashMap::new());
        assert_eq!(taken(one), 1);
    }

    #[test]
    fn a_shard_that_was_not_spoken_of_yet_is_refused_nothing() {
        let throttles = Throttles::when_told(ShardLimits::aws());
        let shard = ShardUid::from_bits(1);
        let now = Timestamp::from_secs(1_000);
        let taken = || {
            let tanks = throttles.of(shard, now);
            let mut tanks = tanks.lock();
            (0..10)
                .filter(|_| tanks.read.admit_call(now).is_ok())
                .count()
        };
        assert_eq!(taken(), 10);
        throttles.limit(HashMap::from([(shard, throttles.limits())]));
        assert_eq!(taken(), 5);
    }
}
