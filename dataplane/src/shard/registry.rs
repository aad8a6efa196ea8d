//! The shards of one process.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak},
    time::Duration,
};

use anabranch_domain::{ShardUid, Timestamp};
use anabranch_store::{Store, entry::KeyRing};

use super::{ShardHandle, ShardLimits, admission::Budget};
use crate::clock::Clock;
use crate::replication::{Birth, Group, GroupSettings, Journal, LogError, TailCache};

/// What all shards of a process share.
pub(super) struct Shared {
    pub(super) limits: ShardLimits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) budget: Arc<Budget>,
    pub(super) store: Arc<dyn Store>,
    keys: RwLock<Arc<KeyRing>>,
    engaged: Mutex<Engaged>,
}

/// The groups that run or soon will.
#[derive(Default)]
struct Engaged {
    shards: HashMap<ShardUid, Weak<ShardHandle>>,
    /// Whether [`watch_idle`] runs.
    is_watched: bool,
    /// Whether [`thin_out`] runs.
    is_thinning: bool,
}

/// How long a group must have been idle to be stopped when very many run.
const CROWDED_IDLE: Duration = Duration::from_millis(200);

impl Shared {
    /// The keys that sealed records are read with.
    pub(super) fn keys(&self) -> Arc<KeyRing> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The group of `shard` is about to run: somebody must see when it is idle.
    pub(super) fn engaged(self: &Arc<Self>, shard: &Arc<ShardHandle>) {
        let mut engaged = self.lock_engaged();
        engaged.shards.insert(shard.uid(), Arc::downgrade(shard));
        if !std::mem::replace(&mut engaged.is_watched, true) {
            in_background(watch_idle(self.clone()));
        }
        let is_crowded = engaged.shards.len() > self.limits.running_groups_max;
        if is_crowded && !std::mem::replace(&mut engaged.is_thinning, true) {
            in_background(thin_out(self.clone()));
        }
    }

    fn lock_engaged(&self) -> MutexGuard<'_, Engaged> {
        self.engaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The group of `shard` stopped.
    pub(super) fn disengaged(&self, shard: ShardUid) {
        self.lock_engaged().shards.remove(&shard);
    }

    /// Puts groups to rest that were proposed nothing for `idle_for`.
    fn rest_idle(&self, idle_for: Duration) {
        let before = self.clock.now().minus(idle_for);
        // Not under the lock: a shard that rests takes its own, and comes here with it when it starts.
        let shards: Vec<_> = self.lock_engaged().shards.values().cloned().collect();
        for shard in shards.iter().filter_map(Weak::upgrade) {
            shard.rest(before);
        }
    }
}

/// Runs `work` on the runtime; not at all once that is going away, which ends a process's groups anyway.
pub(super) fn in_background(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(work);
    }
}

/// Looks for idle groups now and then, for as long as any runs.
async fn watch_idle(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(shared.limits.idle_after / 2).await;
        shared.rest_idle(shared.limits.idle_after);
        let mut engaged = shared.lock_engaged();
        if engaged.shards.is_empty() {
            engaged.is_watched = false;
            return;
        }
    }
}

/// Stops groups that are idle for a moment, because very many run.
async fn thin_out(shared: Arc<Shared>) {
    tokio::time::sleep(CROWDED_IDLE).await;
    shared.rest_idle(CROWDED_IDLE);
    shared.lock_engaged().is_thinning = false;
}

/// Every shard of this process, made when it is asked for. Holding ten thousand costs a few megabytes and no disk read.
pub struct ShardRegistry {
    store: Arc<dyn Store>,
    cache: Arc<TailCache>,
    settings: GroupSettings,
    shared: Arc<Shared>,
    shards: RwLock<HashMap<ShardUid, Arc<ShardHandle>>>,
}

/// This process, as the only voter of its groups.
const ONLY_NODE: u64 = 1;

impl ShardRegistry {
    /// No shard yet.
    pub fn new(
        store: Arc<dyn Store>,
        limits: ShardLimits,
        keys: KeyRing,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let shared = Shared {
            limits: limits.within_reason(),
            budget: Arc::new(Budget::new(limits.total_inflight_bytes_max)),
            store: store.clone(),
            clock,
            keys: RwLock::new(Arc::new(keys)),
            engaged: Mutex::default(),
        };
        Self {
            cache: Arc::new(TailCache::new(limits.tail_cache_bytes_max)),
            store,
            settings: GroupSettings::one_voter(ONLY_NODE),
            shared: Arc::new(shared),
            shards: RwLock::default(),
        }
    }

    /// The shard with this identity. `birth` says what it is if it was never used.
    pub fn shard(&self, uid: ShardUid, birth: Birth) -> Arc<ShardHandle> {
        if let Some(shard) = self.get(uid) {
            return shard;
        }
        let mut shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        let made = shards.entry(uid).or_insert_with(|| {
            let journal = Journal::new(uid, birth, self.store.clone(), self.cache.clone());
            ShardHandle::new(
                Group::new(journal, self.settings.clone()),
                self.shared.clone(),
            )
        });
        made.clone()
    }

    /// The shard with this identity, if it was asked for before.
    pub fn get(&self, uid: ShardUid) -> Option<Arc<ShardHandle>> {
        self.shards
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&uid)
            .cloned()
    }

    /// Replaces the keys that sealed records are read with: a rotation adds one.
    pub fn set_keys(&self, keys: KeyRing) {
        *self
            .shared
            .keys
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Removes a shard and everything that is kept for it. What waits for it hears that it is gone.
    pub async fn destroy(&self, uid: ShardUid) -> Result<(), LogError> {
        // Made if it was not used in this process: its bytes may be there all the same.
        let shard = self.shard(uid, Birth::open(Timestamp::EPOCH));
        shard.destroy().await?;
        self.shards
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&uid);
        Ok(())
    }

    /// Stops every group, once requests are no longer taken: an append that is still under way hears that its outcome
    /// is unclear.
    pub async fn stop(&self) {
        let shards: Vec<_> = {
            let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
            shards.values().cloned().collect()
        };
        for shard in shards {
            shard.group().stop().await;
        }
    }

    /// Bytes of recent log entries in memory.
    pub fn tail_cache_bytes(&self) -> usize {
        self.cache.bytes()
    }
}

impl fmt::Debug for ShardRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shards = self
            .shards
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        f.debug_struct("ShardRegistry")
            .field("shards", &shards)
            .finish_non_exhaustive()
    }
}
