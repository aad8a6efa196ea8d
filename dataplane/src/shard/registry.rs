//! The shards of one process.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak},
    time::Duration,
};

use anabranch_domain::{ShardUid, Timestamp};
use anabranch_store::{Store, entry::KeyRing, keys::LogKey};

use super::{ShardHandle, ShardLimits, admission::Budget};
use crate::clock::Clock;
use crate::replication::{
    Birth, CatchUp, Damage, Directory, Founding, Group, GroupSettings, Journal, LogError, Mended,
    Peers, TailCache,
};

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
            shard.rest(before, idle_for);
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
    /// How the shards that were formed on this disk began.
    formed: RwLock<HashMap<ShardUid, (Birth, Founding)>>,
    /// Those whose appends are answered from memory.
    lazy: RwLock<HashSet<ShardUid>>,
    /// Those that were removed while this process runs. Whoever still has one in hand, as a round over all shards that began
    /// before has, must not begin its log anew. Identities are never used again, so none is taken out but by founding it.
    destroyed: RwLock<HashSet<ShardUid>>,
}

/// Between two looks at which shards nobody leads.
const GLANCE: Duration = Duration::from_millis(150);

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
        Self::with_settings(
            store,
            limits,
            keys,
            clock,
            GroupSettings::one_voter(ONLY_NODE),
        )
    }

    /// No shard yet; the processes that hold other replicas of its shards are `peers`.
    pub fn replicated(
        store: Arc<dyn Store>,
        limits: ShardLimits,
        keys: KeyRing,
        clock: Arc<dyn Clock>,
        peers: Arc<Peers>,
    ) -> Self {
        let catch_up = CatchUp::new(limits.catch_up_bytes_per_sec);
        let settings = GroupSettings::replicated(peers, catch_up);
        Self::with_settings(store, limits, keys, clock, settings)
    }

    fn with_settings(
        store: Arc<dyn Store>,
        limits: ShardLimits,
        keys: KeyRing,
        clock: Arc<dyn Clock>,
        settings: GroupSettings,
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
            settings,
            shared: Arc::new(shared),
            shards: RwLock::default(),
            formed: RwLock::default(),
            lazy: RwLock::default(),
            destroyed: RwLock::default(),
        }
    }

    /// The shard with this identity. `birth` says what it is if it was never used, and was not formed on this disk: what was said
    /// then is how its first entry is written, and the catalog may say something else by now. One that was destroyed is gone.
    pub fn shard(&self, uid: ShardUid, birth: Birth) -> Arc<ShardHandle> {
        if let Some(shard) = self.get(uid) {
            return shard;
        }
        let (birth, founding) = {
            let formed = self.formed.read().unwrap_or_else(PoisonError::into_inner);
            formed
                .get(&uid)
                .cloned()
                .unwrap_or((birth, Founding::default()))
        };
        let make = || {
            let journal = Journal::new(uid, birth, self.store.clone(), self.cache.clone());
            journal.set_lazy(self.lazy().contains(&uid));
            ShardHandle::new(
                Arc::new(Group::new(journal, self.settings.clone(), founding)),
                self.shared.clone(),
            )
        };
        let mut shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        if self.destroyed().contains(&uid) {
            let gone = make();
            gone.bury();
            return gone;
        }
        shards.entry(uid).or_insert_with(make).clone()
    }

    fn destroyed(&self) -> RwLockReadGuard<'_, HashSet<ShardUid>> {
        self.destroyed
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Says of which shards appends are answered once a majority has them in memory; those of all others, once it has them on
    /// stable storage.
    pub fn answer_from_memory(&self, lazy: HashSet<ShardUid>) {
        let shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        for (uid, shard) in &*shards {
            shard.group().journal().set_lazy(lazy.contains(uid));
        }
        *self.lazy.write().unwrap_or_else(PoisonError::into_inner) = lazy;
    }

    fn lazy(&self) -> RwLockReadGuard<'_, HashSet<ShardUid>> {
        self.lazy.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how a shard's group begins on this disk, before the shard is used.
    pub fn found(&self, uid: ShardUid, birth: Birth, founding: Founding) {
        let mut formed = self.formed.write().unwrap_or_else(PoisonError::into_inner);
        formed.insert(uid, (birth, founding));
        self.destroyed
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&uid);
    }

    /// The shard with this identity, if it was formed on this disk.
    fn formed(&self, uid: ShardUid) -> Option<Arc<ShardHandle>> {
        if let Some(shard) = self.get(uid) {
            return Some(shard);
        }
        let formed = self.formed.read().unwrap_or_else(PoisonError::into_inner);
        let birth = formed.get(&uid).map(|(birth, _)| *birth)?;
        drop(formed);
        Some(self.shard(uid, birth))
    }

    /// Sees to it that every shard with a replica here is led by somebody, until dropped: where the leader's process is
    /// gone, the replicas take turns to be elected.
    pub async fn keep_led(self: Arc<Self>) {
        loop {
            let formed: Vec<_> = {
                let formed = self.formed.read().unwrap_or_else(PoisonError::into_inner);
                let all = formed
                    .iter()
                    .filter(|(_, (_, founding))| *founding != Founding::Alone);
                all.map(|(uid, (birth, _))| (*uid, *birth)).collect()
            };
            for (uid, birth) in formed {
                let shard = self.shard(uid, birth);
                match shard.load().await {
                    Ok(()) => {
                        shard.lead_if_wanted();
                        if shard.group().waits_for_the_rest() {
                            in_background(async move { shard.group().ask_for_the_rest().await });
                        }
                    }
                    // A log that cannot be read says so to whoever asks for it; another replica may help.
                    Err(error) => {
                        if let Some(damaged) = error.damaged_entry() {
                            in_background(async move {
                                shard.group().mend_unloaded(damaged.index).await;
                            });
                        }
                    }
                }
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Hands every leadership that is held here to another replica, so that whoever puts does not have to find out.
    pub async fn hand_over(&self) {
        let shards: Vec<_> = self
            .shared
            .lock_engaged()
            .shards
            .values()
            .cloned()
            .collect();
        let shards = shards.iter().filter_map(Weak::upgrade);
        let handed = shards.map(|shard| async move { shard.group().hand_over().await });
        futures_util::future::join_all(handed).await;
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
        self.destroyed
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(uid);
        self.formed
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&uid);
        self.shards
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&uid);
        Ok(())
    }

    /// Stops every group for good, once requests are no longer taken: an append that is still under way hears that its outcome
    /// is unclear.
    pub async fn stop(&self) {
        let shards: Vec<_> = {
            let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
            shards.values().cloned().collect()
        };
        for shard in shards {
            shard.group().end().await;
        }
    }

    /// Looks at one entry on the disk, and replaces it by another replica's if it cannot be read. None: the shard is not here.
    pub(super) async fn mend(&self, entry: LogKey) -> Result<Option<Mended>, LogError> {
        match self.formed(entry.shard) {
            Some(shard) => shard.group().mend(entry.index).await.map(Some),
            None => Ok(None),
        }
    }

    /// The disk.
    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What was found damaged on this disk.
    pub fn damage(&self) -> &Arc<Damage> {
        &self.settings.damage
    }

    /// What is spent on replicas elsewhere that lag.
    pub fn catch_up(&self) -> &Arc<CatchUp> {
        &self.settings.catch_up
    }

    /// Bytes of recent log entries in memory.
    pub fn tail_cache_bytes(&self) -> usize {
        self.cache.bytes()
    }
}

impl Directory for ShardRegistry {
    fn group(&self, shard: ShardUid) -> Option<Arc<Group>> {
        let shard = self.formed(shard)?;
        if !shard.group().is_running() {
            // It is about to: somebody must see when it is idle.
            self.shared.engaged(&shard);
        }
        Some(shard.group().clone())
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
