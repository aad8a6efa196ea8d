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

use anabranch_proto::raft::{self as pb, request::Call, response::Answer};
use anabranch_store::{
    Family, StoreError, WriteSet, commit,
    entry::{Entry, HEADER_LEN},
    keys::LogKey,
};
use bytes::{Bytes, BytesMut};
use tokio::{task::spawn_blocking, time::timeout};

use super::{Group, Journal, LogError, Peers, log_state::LogState};

/// Another replica reads one entry and sends it: at most some megabytes.
const ANSWER_MAX: Duration = Duration::from_secs(2);

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
}

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
        }
    }

    /// Looks at entry `index` on the disk, and replaces it if it cannot be read. The error is the disk's, when that fails.
    pub(super) async fn mend(&self, index: u64) -> Result<Mended, LogError> {
        self.journal.load().await?;
        if !self.is_agreed(index) {
            return Ok(Mended::NoEntry);
        }
        let journal = self.journal.clone();
        let read = spawn_blocking(move || on_disk(&journal, index)).await;
        let damage = match read.unwrap_or(Err(LogError::Store(StoreError::Closed))) {
            Ok(_) => return Ok(Mended::Sound),
            Err(error) if is_damage(&error) => error,
            Err(error) => return Err(error),
        };
        self.damage.found.fetch_add(1, Ordering::Relaxed);
        let shard = self.journal.shard();
        let Some((bytes, pod)) = self.ask_others(index).await else {
            tracing::error!(%shard, index, %damage, "an entry is damaged, and no other replica has it to give");
            return Ok(Mended::Lost);
        };
        // Trimmed meanwhile: it would be an entry before the log's first.
        if !self.is_agreed(index) {
            return Ok(Mended::NoEntry);
        }
        let mut set = WriteSet::new();
        set.delete_range(Family::Log, LogKey::between(shard, index, index + 1));
        set.put_critical(Family::Log, LogKey::new(shard, index).encode(), bytes);
        commit(&**self.journal.store(), set).await?;
        self.damage.replaced.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(%shard, index, %damage, %pod, "a damaged entry was replaced by another replica's");
        Ok(Mended::Replaced)
    }

    fn is_agreed(&self, index: u64) -> bool {
        let visible = self.journal.visible();
        visible.is_some_and(|visible| visible.contains(&index))
    }

    /// Entry `index` as another replica has it, and which pod gave it.
    async fn ask_others(&self, index: u64) -> Option<(Bytes, anabranch_domain::PodName)> {
        let peers = self.peers.as_ref()?;
        let hosts = self.journal.with(|state| {
            let hosts = state.hosts();
            let hosts = hosts.filter_map(|(node, host)| Some((node, host.0.clone()?)));
            hosts.collect::<Vec<_>>()
        })?;
        let key = LogKey::new(self.journal.shard(), index);
        for (node, pod) in hosts {
            if node == peers.node() || !peers.is_alive(&pod, node) {
                continue;
            }
            let request = pb::Request {
                id: 0,
                shard: key.shard.to_bytes().to_vec().into(),
                to: node,
                call: Some(Call::ReadEntry(pb::ReadEntry { index })),
            };
            let answer = timeout(ANSWER_MAX, peers.link(&pod).call(request)).await;
            if let Ok(Ok(Answer::Entry(stored))) = answer
                && let Some(bytes) = checked(key, &stored)
            {
                return Some((bytes, pod));
            }
        }
        None
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
    /// What mends this log.
    pub(super) fn mender(&self) -> Mender {
        let (peers, damage) = (self.settings.peers.clone(), self.settings.damage.clone());
        Mender::new(self.journal.clone(), peers, damage)
    }

    /// Looks at entry `index` on the disk, and replaces it by another replica's if it cannot be read.
    pub(crate) async fn mend(&self, index: u64) -> Result<Mended, LogError> {
        self.mender().mend(index).await
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
        let read = spawn_blocking(move || on_disk(&journal, index)).await;
        let entry = read.map_err(|error| error.to_string())?.map_err(text)?;
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
    let missing = || StoreError::Corrupt {
        doing: "read a log",
        family: Family::Log,
        entry: Some(key),
        detail: "the entry is missing".into(),
    };
    Ok(Entry::decode(key, &bytes.ok_or_else(missing)?)?)
}

/// The bytes of an entry that another replica sent, if they are what belongs under `key`.
fn checked(key: LogKey, stored: &pb::Stored) -> Option<Bytes> {
    let mut bytes = BytesMut::with_capacity(HEADER_LEN + stored.payload.len());
    bytes.extend_from_slice(&stored.header);
    bytes.extend_from_slice(&stored.payload);
    let bytes = bytes.freeze();
    Entry::decode(key, &bytes).is_ok().then_some(bytes)
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
