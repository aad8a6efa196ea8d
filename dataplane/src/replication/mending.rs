//! Putting right what the disk no longer gives as it was written: an entry whose checksum fails, or that is gone, is taken
//! from another replica.
//!
//! **Invariant:** only entries that are committed here and there are exchanged, so both are the same entry (Raft's log
//! matching), and what comes in has to pass the same checksums as what lies on the disk. Nothing is ever replaced that can be read.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anabranch_domain::PodName;
use anabranch_proto::raft::{self as pb, request::Call, response::Answer};
use anabranch_store::{
    Family, StoreError, WriteSet, commit,
    entry::{Entry, HEADER_LEN},
    keys::LogKey,
};
use bytes::BytesMut;
use tokio::time::timeout;

use super::{Group, Journal, LogError, Peers, log_state::LogState, recovery};

/// Another replica reads one entry and sends it: at most some megabytes.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Damaged entries in a row at the end of a log that are replaced at a time.
const UNLOADED_MAX: u64 = 4_096;

/// What came of a look at one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mended {
    /// It can be read.
    Sound,
    /// It could not be read, and now can.
    Replaced,
    /// It cannot be read, and no other replica gave it.
    Lost,
    /// The log has no such entry, or has not agreed on it yet.
    NoEntry,
}

/// What was found damaged in this process, and what became of it.
#[derive(Debug, Default)]
pub struct Damage {
    found: AtomicU64,
    replaced: AtomicU64,
}

impl Damage {
    /// Reads of entries that were damaged, and how many entries were replaced, since the process began.
    pub fn counts(&self) -> (u64, u64) {
        (
            self.found.load(Ordering::Relaxed),
            self.replaced.load(Ordering::Relaxed),
        )
    }
}

/// Mends one shard's log.
#[derive(Clone)]
pub(super) struct Mender {
    journal: Arc<Journal>,
    peers: Option<Arc<Peers>>,
    damage: Arc<Damage>,
    /// Several readers may meet the same damage at the same time.
    one_at_a_time: Arc<tokio::sync::Mutex<()>>,
}

/// The damage that one reader met, so that it does not look at the same entry for ever.
#[derive(Debug, Default)]
pub(crate) struct Met(Option<u64>);

impl Mender {
    pub(super) fn new(
        journal: Arc<Journal>,
        peers: Option<Arc<Peers>>,
        damage: Arc<Damage>,
    ) -> Self {
        Self {
            journal,
            peers,
            damage,
            one_at_a_time: Arc::default(),
        }
    }

    /// Whether `error` came from an entry that was damaged and no longer is: then what failed is worth another attempt.
    pub(super) async fn is_mended(&self, error: &LogError, met: &mut Met) -> bool {
        let Some(entry) = error.damaged_entry() else {
            return false;
        };
        match self.mend(entry.index).await {
            Ok(Mended::Replaced) => true,
            // Another reader was quicker; met again, it is not the disk that is at fault.
            Ok(Mended::Sound) => met.0.replace(entry.index) != Some(entry.index),
            _ => false,
        }
    }

    /// Looks at entry `index` on the disk, and replaces it if it cannot be read. The error is the disk's, when that fails.
    pub(super) async fn mend(&self, index: u64) -> Result<Mended, LogError> {
        let _one_at_a_time = self.one_at_a_time.lock().await;
        self.journal.load().await?;
        if !self.is_agreed(index) {
            return Ok(Mended::NoEntry);
        }
        let journal = self.journal.clone();
        let read = self.journal.reading(move || on_disk(&journal, index)).await;
        let damage = match read {
            Ok(_) => return Ok(Mended::Sound),
            Err(error) if is_damage(&error) => error,
            Err(error) => return Err(error),
        };
        self.damage.found.fetch_add(1, Ordering::Relaxed);
        let hosts = self.journal.with(|state| {
            let hosts = state.hosts();
            let hosts = hosts.filter_map(|(node, host)| Some((node, host.0.clone()?)));
            hosts.collect::<Vec<_>>()
        });
        if let Some((entry, pod)) = self.ask_each(&hosts.unwrap_or_default(), index).await {
            // Trimmed meanwhile: it would be an entry before the log's first.
            if !self.is_agreed(index) {
                return Ok(Mended::NoEntry);
            }
            return self.replace(&entry, &damage, &pod).await;
        }
        let shard = self.journal.shard();
        tracing::error!(%shard, index, %damage, "an entry is damaged, and no other replica has it to give");
        Ok(Mended::Lost)
    }

    /// Replaces entry `index`, without which the log cannot be loaded, and those damaged right before it.
    ///
    /// What is agreed on is not known here then. So entries are taken from whoever has agreed on them, and only behind an entry that
    /// one of those has as well: before two equal entries two logs are equal (Raft's log matching).
    pub(super) async fn mend_unloaded(&self, index: u64) -> Result<Mended, LogError> {
        let Some(peers) = &self.peers else {
            return Ok(Mended::Lost);
        };
        let journal = self.journal.clone();
        let looked = self.journal.reading(move || {
            let hosts = recovery::hosts(&**journal.store(), journal.shard())?;
            Ok::<_, LogError>((damaged_up_to(&journal, index)?, hosts))
        });
        let (damaged, mut hosts) = looked.await?;
        let Some((before, damaged)) = damaged else {
            return Ok(Mended::Lost);
        };
        if damaged.is_empty() {
            return Ok(Mended::Sound);
        }
        hosts.extend(peers.known());
        for (_, pod) in &hosts {
            peers.watch(pod);
        }
        let is_agreed = async {
            for (node, pod) in &hosts {
                let theirs = self.ask(*node, pod, before.key().index).await;
                if theirs.is_some_and(|theirs| theirs.header() == before.header()) {
                    return true;
                }
            }
            false
        };
        if !is_agreed.await {
            return Ok(Mended::Lost);
        }
        // The first first: each stands behind one that is agreed on. Whoever has one may lack the next, for the same reason.
        for (index, damage) in damaged.iter().rev() {
            let Some((entry, pod)) = self.ask_each(&hosts, *index).await else {
                return Ok(Mended::Lost);
            };
            self.damage.found.fetch_add(1, Ordering::Relaxed);
            self.replace(&entry, damage, &pod).await?;
        }
        Ok(Mended::Replaced)
    }

    async fn replace(
        &self,
        entry: &Entry,
        damage: &LogError,
        pod: &PodName,
    ) -> Result<Mended, LogError> {
        let LogKey { shard, index } = entry.key();
        let mut bytes = BytesMut::with_capacity(HEADER_LEN + entry.payload().len());
        bytes.extend_from_slice(&entry.header());
        bytes.extend_from_slice(entry.payload());
        let mut set = WriteSet::new();
        set.delete_range(Family::Log, LogKey::between(shard, index, index + 1));
        set.put_critical(Family::Log, entry.key().encode(), bytes.freeze());
        commit(&**self.journal.store(), set).await?;
        self.damage.replaced.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(%shard, index, %damage, %pod, "a damaged entry was replaced by another replica's");
        Ok(Mended::Replaced)
    }

    fn is_agreed(&self, index: u64) -> bool {
        let visible = self.journal.visible();
        visible.is_some_and(|visible| visible.contains(&index))
    }

    /// Entry `index` from the first of `hosts` that has it and has agreed on it, and who that is.
    async fn ask_each(&self, hosts: &[(u64, PodName)], index: u64) -> Option<(Entry, PodName)> {
        for (node, pod) in hosts {
            if let Some(entry) = self.ask(*node, pod, index).await {
                return Some((entry, pod.clone()));
            }
        }
        None
    }

    /// Entry `index` as the replica `node` on `pod` has it, where it has agreed on it.
    async fn ask(&self, node: u64, pod: &PodName, index: u64) -> Option<Entry> {
        let peers = self.peers.as_ref().filter(|peers| node != peers.node())?;
        let key = LogKey::new(self.journal.shard(), index);
        let request = pb::Request {
            id: 0,
            shard: key.shard.to_bytes().to_vec().into(),
            to: node,
            call: Some(Call::ReadEntry(pb::ReadEntry { index })),
        };
        match timeout(ANSWER_MAX, peers.link(pod).call(request)).await {
            Ok(Ok(Answer::Entry(stored))) => {
                Entry::from_parts(key, &stored.header, stored.payload).ok()
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Mender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mender")
            .field(&self.journal.shard())
            .finish()
    }
}

impl Group {
    /// Looks at entry `index` on the disk, and replaces it by another replica's if it cannot be read.
    pub(crate) async fn mend(&self, index: u64) -> Result<Mended, LogError> {
        self.mender.mend(index).await
    }

    /// Whether `error` came from an entry that was damaged and no longer is: then what failed is worth another attempt.
    pub(crate) async fn is_mended(&self, error: &LogError, met: &mut Met) -> bool {
        self.mender.is_mended(error, met).await
    }

    /// Replaces entry `index`, without which the log cannot be loaded. One attempt at a time; says whether it was replaced.
    pub(crate) async fn mend_unloaded(&self, index: u64) -> bool {
        let Ok(_one_at_a_time) = self.mender.one_at_a_time.try_lock() else {
            return false;
        };
        matches!(self.mender.mend_unloaded(index).await, Ok(Mended::Replaced))
    }

    /// Entry `index` for a replica whose own is damaged; only where it was agreed on.
    pub(super) async fn give_entry(&self, index: u64) -> Result<pb::Stored, String> {
        let text = |error: LogError| error.to_string();
        self.journal.load().await.map_err(text)?;
        if self
            .journal
            .with(|state| index < LogState::visible_end(state))
            != Some(true)
        {
            return Err(format!("entry {index} is not known to be agreed on here"));
        }
        let journal = self.journal.clone();
        let read = self.journal.reading(move || on_disk(&journal, index)).await;
        let entry = read.map_err(text)?;
        Ok(pb::Stored {
            header: entry.header().to_vec().into(),
            payload: entry.payload().clone(),
        })
    }
}

/// Entry `index` as the disk gives it. Blocks.
fn on_disk(journal: &Journal, index: u64) -> Result<Entry, LogError> {
    let key = LogKey::new(journal.shard(), index);
    let bytes = journal.store().get(Family::Log, &key.encode())?;
    let bytes = bytes.ok_or_else(|| recovery::missing(key.shard, index))?;
    Ok(Entry::decode(key, &bytes)?)
}

/// A log's entries from `index` down that are damaged, and the first one below them that is not; nothing, if there is none. Blocks.
#[allow(
    clippy::type_complexity,
    reason = "one caller, which takes it apart at once"
)]
fn damaged_up_to(
    journal: &Journal,
    index: u64,
) -> Result<Option<(Entry, Vec<(u64, LogError)>)>, LogError> {
    let mut damaged = Vec::new();
    for index in (index.saturating_sub(UNLOADED_MAX)..=index).rev() {
        match on_disk(journal, index) {
            Ok(before) => return Ok(Some((before, damaged))),
            Err(error) if is_damage(&error) => damaged.push((index, error)),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Whether `error` says that stored bytes are not what was written.
fn is_damage(error: &LogError) -> bool {
    matches!(
        error,
        LogError::Entry(_) | LogError::Store(StoreError::Corrupt { .. })
    )
}

impl LogError {
    /// The entry that cannot be read, where that is what is wrong.
    pub(crate) fn damaged_entry(&self) -> Option<LogKey> {
        match self {
            Self::Entry(error) => Some(LogKey::new(error.shard, error.index)),
            Self::Store(StoreError::Corrupt { entry, .. }) => *entry,
            _ => None,
        }
    }
}
