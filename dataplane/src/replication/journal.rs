//! One shard's log: its entries on disk, the newest of them in memory, and how far they are applied.
//!
//! Shared by the group, which writes it, and by readers, who see applied entries only. Costs some hundred bytes until it
//! is first used; then it is loaded from the disk's last entry.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use anabranch_domain::{ShardCommand, ShardPhase, ShardUid, Timestamp, shard_state::Applied};
use anabranch_store::{
    Family, Store, StoreError, WriteSet, commit,
    entry::{Draft, Entry, Envelope, Position, Standing},
    keys::{LogKey, RaftItem, RaftKey},
};
use bytes::Bytes;
use tokio::sync::Notify;

use super::{
    Birth, ShardSnapshot, TailCache,
    log_state::LogState,
    recovery::{self, LogError},
    unsettled::Unsettled,
};
use crate::waiting::where_it_may_wait;

/// One shard's log.
pub(crate) struct Journal {
    shard: ShardUid,
    birth: Mutex<Birth>,
    pub(super) store: Arc<dyn Store>,
    cache: Arc<TailCache>,
    this: Weak<Self>,
    /// Nothing until it is first used.
    state: Mutex<Option<LogState>>,
    /// One load at a time.
    loading: tokio::sync::Mutex<()>,
    /// Rung when an entry was applied.
    advanced: Notify,
    pub(super) unsettled: Arc<Unsettled>,
    /// Whether entries are answered for from memory: before they are on stable storage.
    is_lazy: AtomicBool,
    /// Whether its bytes were removed.
    is_destroyed: AtomicBool,
    /// The last failure of a write: the reason that the library, which knows only texts, cannot give.
    failure: Mutex<Option<StoreError>>,
}

/// What readers may know of a shard's newest end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The ordinal that the next record will get.
    pub next_ordinal: u64,
    /// When the last record arrived.
    pub last_arrival: Timestamp,
    /// Whether the shard takes records.
    pub phase: ShardPhase,
    /// The log index after the last applied entry.
    pub end_index: u64,
}

impl Journal {
    /// The log of `shard`, not read yet.
    pub(crate) fn new(
        shard: ShardUid,
        birth: Birth,
        store: Arc<dyn Store>,
        cache: Arc<TailCache>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            shard,
            birth: Mutex::new(birth),
            store,
            cache,
            this: this.clone(),
            state: Mutex::new(None),
            loading: tokio::sync::Mutex::new(()),
            advanced: Notify::new(),
            unsettled: Arc::default(),
            is_lazy: AtomicBool::new(false),
            is_destroyed: AtomicBool::new(false),
            failure: Mutex::new(None),
        })
    }

    /// Says whether entries from now on are answered for from memory, before they are on stable storage.
    pub(crate) fn set_lazy(&self, is_lazy: bool) {
        self.is_lazy.store(is_lazy, Ordering::Relaxed);
    }

    /// Whether entries are answered for from memory.
    pub(super) fn is_lazy(&self) -> bool {
        self.is_lazy.load(Ordering::Relaxed)
    }

    /// Whose log it is.
    pub(crate) fn shard(&self) -> ShardUid {
        self.shard
    }

    /// How the shard was born.
    pub(super) fn birth(&self) -> Birth {
        *self.lock_birth()
    }

    fn lock_birth(&self) -> MutexGuard<'_, Birth> {
        self.birth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard's first entry is from `time`, says who sends it. Whoever joins later was told another time: the one that a
    /// child has in the catalog is found when its parents' last record is known.
    pub(super) fn set_born_at(&self, time: Timestamp) {
        let birth = {
            let mut birth = self.lock_birth();
            birth.arrival_floor = time;
            *birth
        };
        self.with_mut(|state| state.set_birth(birth));
    }

    /// Whether the log holds nothing but how the shard was born and who led it.
    pub(crate) fn is_unused(&self) -> bool {
        let born = self.birth().phase;
        let is_unused =
            self.with(|state| state.standing.first_ordinal == 0 && state.standing.phase == born);
        is_unused == Some(true)
    }

    /// Where its bytes are.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    fn lock(&self) -> MutexGuard<'_, Option<LogState>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the log's end from disk, if that was not done yet.
    pub(crate) async fn load(&self) -> Result<(), LogError> {
        if self.is_destroyed() {
            return Err(LogError::Destroyed);
        }
        if self.lock().is_some() {
            return Ok(());
        }
        let _one_at_a_time = self.loading.lock().await;
        if self.lock().is_some() {
            return Ok(());
        }
        let (store, shard, birth) = (self.store.clone(), self.shard, self.birth());
        let found = self
            .reading(move || recovery::find(&*store, shard, birth))
            .await?;
        if let Some(index) = found.orphans_from {
            tracing::warn!(%shard, index, "entries after a failed one are removed");
            let mut set = WriteSet::new();
            set.delete_range(Family::Log, LogKey::from(shard, index));
            commit(&*self.store, set).await?;
        }
        *self.lock() = Some(found.state);
        Ok(())
    }

    /// Forgets what is in memory, so that the next use loads what is on the disk. The caller has seen to it that no
    /// write is under way.
    pub(super) fn forget(&self) {
        *self.lock() = None;
        *self.failure() = None;
        // Who waits at the tip looks again, and finds what is there then.
        self.advanced.notify_waiters();
    }

    /// Remembers the tokens of the appends at the log's end, if none is remembered. Where an entry there is damaged and `skips` not,
    /// none is, and the damage is the error.
    pub(super) async fn recall_appends(&self, skips: bool) -> Result<(), LogError> {
        if self.with(|state| state.is_recalled) == Some(true) {
            return Ok(());
        }
        let (store, shard) = (self.store.clone(), self.shard);
        let end = self.with(LogState::visible_end).unwrap_or(0);
        let (recent, damage) = self
            .reading(move || recovery::recall(&*store, shard, end))
            .await?;
        if let Some(damage) = damage.filter(|_| !skips) {
            return Err(damage);
        }
        self.with_mut(|state| {
            state.shard.recent = recent;
            state.is_recalled = true;
        });
        Ok(())
    }

    /// Runs `read`, which reads the log on the disk, where it may wait for that.
    pub(crate) async fn reading<T, E>(
        &self,
        read: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<LogError> + Send + 'static,
    {
        let done = where_it_may_wait(&*self.store, read).await;
        done.map_err(LogError::from)?
    }

    /// Looks at the state; nothing before it is loaded.
    pub(super) fn with<T>(&self, look: impl FnOnce(&LogState) -> T) -> Option<T> {
        self.lock().as_ref().map(look)
    }

    /// Changes the state; nothing before it is loaded.
    pub(super) fn with_mut<T>(&self, change: impl FnOnce(&mut LogState) -> T) -> Option<T> {
        self.lock().as_mut().map(change)
    }

    /// Looks at the replicated state; nothing before it is loaded.
    pub(crate) fn with_shard<T>(
        &self,
        look: impl FnOnce(&anabranch_domain::ShardState) -> T,
    ) -> Option<T> {
        self.with(|state| look(&state.shard))
    }

    /// The shard's newest end; nothing before it is loaded.
    pub(crate) fn tip(&self) -> Option<Tip> {
        self.with(|state| Tip {
            next_ordinal: state.shard.next_ordinal,
            last_arrival: state.shard.last_arrival,
            phase: state.shard.phase,
            end_index: state.visible_end(),
        })
    }

    /// Where the next entry will stand; nothing before it is loaded.
    pub(super) fn standing(&self) -> Option<Standing> {
        self.with(|state| state.standing)
    }

    /// The indexes of the entries that readers may see; nothing before it is loaded.
    pub(crate) fn visible(&self) -> Option<std::ops::Range<u64>> {
        self.with(|state| state.first_index()..state.visible_end())
    }

    /// The first index from which on entries are in memory; nothing before it is loaded.
    pub(crate) fn tail_start(&self) -> Option<u64> {
        self.with(LogState::tail_start)
    }

    /// The visible entries `from..to`, for as long as `take` wants another. None if `from` is not in memory.
    pub(crate) fn visit_tail(&self, from: u64, to: u64, mut take: impl FnMut(&Entry) -> bool) {
        self.with(|state| {
            for index in from..to.min(state.visible_end()) {
                match state.in_tail(index) {
                    Some(entry) if take(entry) => {}
                    _ => return,
                }
            }
        });
    }

    /// The header of entry `index`, from memory or from disk. Blocks for as long as the disk needs.
    pub(crate) fn envelope(&self, index: u64) -> Result<Option<Envelope>, LogError> {
        let in_memory = self.with(|state| state.in_tail(index).map(|entry| *entry.envelope()));
        if let Some(envelope) = in_memory.flatten() {
            return Ok(Some(envelope));
        }
        let key = LogKey::new(self.shard, index);
        let head = self.store.head(&key.encode())?;
        head.map(|bytes| Ok(Envelope::decode(key, &bytes)?))
            .transpose()
    }

    /// An entry that is neither in memory nor on the disk was trimmed, or else it is missing.
    pub(crate) fn check_trimmed(&self, index: u64) -> Result<(), LogError> {
        match self.with(LogState::first_index) {
            Some(first) if index < first => Ok(()),
            Some(_) => Err(recovery::missing(self.shard, index).into()),
            None => Err(LogError::Reloading),
        }
    }

    /// Rung when an entry is applied. Costs nothing while nobody waits.
    pub(crate) fn advanced(&self) -> &Notify {
        &self.advanced
    }

    /// Gives `draft` its place at `position` and adds it to the log in memory; the bytes are for the disk.
    pub(super) fn place(&self, draft: Draft, position: Position) -> Bytes {
        let (entry, bytes) = draft.place_as_entry(self.shard, position);
        self.keep(entry, bytes.len());
        bytes
    }

    /// Adds `entry`, whose bytes another replica made, to the log in memory.
    pub(super) fn keep(&self, entry: Entry, entry_bytes: usize) {
        let index = entry.key().index;
        self.with_mut(|state| state.append(entry));
        self.cache.keep(&self.this, index, entry_bytes);
    }

    /// Applies the entry at `position` and wakes who waits for it.
    pub(super) fn apply(
        &self,
        position: Position,
        envelope: Option<&Envelope>,
        command: &ShardCommand,
    ) -> Applied {
        let applied = self.with_mut(|state| state.apply(position, envelope, command));
        self.advanced.notify_waiters();
        applied.expect("a log is loaded before its group runs")
    }

    /// The applied entries up to `index` need not stay in memory.
    pub(super) fn give_up_through(&self, index: u64) {
        self.with_mut(|state| state.give_up_through(index));
    }

    /// The error that a failed write of this log ended with, kept for those who only hear that the group stopped.
    pub(super) fn note_failure(&self, error: &StoreError) {
        self.failure().get_or_insert_with(|| error.clone());
    }

    /// The first failure since the log was loaded.
    pub(crate) fn last_failure(&self) -> Option<StoreError> {
        self.failure().clone()
    }

    fn failure(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard as of where its log is trimmed to: what a replica gets that is further behind. Nothing while nothing was trimmed.
    pub(super) fn trimmed_snapshot(&self) -> Result<Option<ShardSnapshot>, LogError> {
        let ends = self.with(|state| (state.purged, state.first_index()));
        let Some((Some(purged), first)) = ends else {
            return Ok(None);
        };
        let next = self.envelope(first)?;
        Ok(self.with(|state| state.snapshot_at(purged, next.as_ref())))
    }

    /// The shard as of where its log is about to be trimmed to; as of its last applied entry, if it is not.
    pub(super) fn snapshot_to_trim(&self) -> Result<ShardSnapshot, LogError> {
        let goal = self.with(|state| state.trim_goal.or(state.applied));
        let Some(goal) = goal.flatten() else {
            let empty = self.with(LogState::snapshot);
            return empty.ok_or(LogError::Reloading);
        };
        let next = self.envelope(goal.index + 1)?;
        let facts = self.with(|state| {
            let next = next.filter(|_| Some(goal) < state.applied);
            state.snapshot_at(goal, next.as_ref())
        });
        facts.ok_or(LogError::Reloading)
    }

    /// Begins the log anew with `facts`, which were sent by a leader and are on the disk.
    pub(super) fn install(&self, facts: &ShardSnapshot) {
        self.with_mut(|state| state.install(facts));
        self.advanced.notify_waiters();
    }

    /// Writes how far the log is known to be committed, for a group that is about to rest.
    pub(super) async fn note_committed(&self) -> Result<(), StoreError> {
        let Some(committed) = self.with(|state| state.committed).flatten() else {
            return Ok(());
        };
        let mut set = WriteSet::new();
        let record = super::record::encode_position(self.shard, committed);
        set.put_critical(Family::Raft, self.key(RaftItem::Committed), record);
        commit(&*self.store, set).await
    }

    /// Writes that the log begins after `purged`: the entries up to it go, the shard's facts stay.
    pub(super) async fn purge_through(&self, purged: Position) -> Result<(), StoreError> {
        let mut set = WriteSet::new();
        let first = self.with(LogState::first_index).unwrap_or(0);
        let purged_record = super::record::encode_position(self.shard, purged);
        set.put_critical(Family::Raft, self.key(RaftItem::Purged), purged_record);
        if let Some(snapshot) = self.with(LogState::snapshot) {
            set.put_critical(
                Family::Raft,
                self.key(RaftItem::Snapshot),
                snapshot.encode(self.shard),
            );
        }
        set.delete_range(
            Family::Log,
            LogKey::between(self.shard, first, purged.index + 1),
        );
        commit(&*self.store, set).await?;
        self.with_mut(|state| state.purge(purged));
        Ok(())
    }

    /// Whether its bytes were removed, or are about to be.
    pub(crate) fn is_destroyed(&self) -> bool {
        self.is_destroyed.load(Ordering::Acquire)
    }

    /// Says that its bytes were removed: nothing is read or written through this journal.
    pub(crate) fn bury(&self) {
        self.is_destroyed.store(true, Ordering::Release);
    }

    /// Removes everything that is kept for the shard.
    pub(super) async fn destroy(&self) -> Result<(), StoreError> {
        self.bury();
        self.advanced.notify_waiters();
        let mut set = WriteSet::new();
        set.delete_range(Family::Log, LogKey::all(self.shard));
        set.delete_range(Family::Raft, RaftKey::all(self.shard));
        commit(&*self.store, set).await?;
        self.forget();
        Ok(())
    }

    pub(super) fn key(&self, item: RaftItem) -> [u8; RaftKey::LEN] {
        RaftKey::new(self.shard, item).encode()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("shard", &self.shard)
            .finish_non_exhaustive()
    }
}
