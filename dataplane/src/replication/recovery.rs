//! What a shard's bytes on disk say after a start: its small values and its last log entry, and nothing before it.
//!
//! So the time to start does not grow with the data. With one voter, what is durable is committed: an entry that nobody
//! was told about may be there, whole and with its right number, or not be there. With several, only what was known to be
//! committed is applied; the next leader says how the rest ends.

use std::{ops::ControlFlow, time::Duration};

use anabranch_domain::{PodName, ShardUid, shard_state::RecentAppends};
use anabranch_store::{
    Family, Order, Store, StoreError,
    entry::{Entry, EntryError, EntryKind, Envelope, Seal, Tokens, tokens},
    keys::{InvalidKey, LogKey, RaftItem, RaftKey},
};

use super::{
    Birth, ShardSnapshot,
    log_state::{LogState, standing_after},
    record::{BadRecord, decode_position, decode_vote},
    types::Vote,
};

/// How far back a hole is looked for: no group has more entries on their way to the disk.
pub(crate) const PIPELINE_ENTRIES_MAX: u64 = 16;
/// How much of the log's end is read again for the tokens of recent appends: what arrived within the time in which a gateway
/// repeats an append whose end it does not know (10 s), and some more. The log went on meanwhile under other leaders, so the number of
/// entries says nothing of that; it and their bytes only bound what a start reads. Counted as [`RecentAppends`] counts it: by steps that no
/// clock makes long.
const RECALL_TIME: Duration = Duration::from_secs(15);
const RECALL_ENTRIES_MAX: usize = 4_096;
const RECALL_BYTES_MAX: usize = 16 << 20;

/// Why a shard's log cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    /// The disk failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry is damaged.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The shard's bytes were removed.
    #[error("the shard was destroyed")]
    Destroyed,
    /// The disk failed a moment ago and the log is read anew: try again.
    #[error("the log is being read again")]
    Reloading,
    /// Another replica leads, or none does yet: ask there, or ask again.
    #[error("this replica does not lead the shard{}", leader.as_ref().map(|pod| format!(": {pod} does")).unwrap_or_default())]
    NotLeader {
        /// Who does, if it is known.
        leader: Option<PodName>,
    },
    /// A value beside the log is damaged.
    #[error("{0}")]
    Record(String),
}

impl From<BadRecord> for LogError {
    fn from(bad: BadRecord) -> Self {
        Self::Record(bad.to_string())
    }
}

impl From<InvalidKey> for LogError {
    fn from(invalid: InvalidKey) -> Self {
        Self::Record(invalid.to_string())
    }
}

/// What was found.
pub(super) struct Found {
    /// The shard's log.
    pub(super) state: LogState,
    /// Entries from this index on were written after one that failed, and belong to nobody: they must go.
    pub(super) orphans_from: Option<u64>,
}

/// Reads what is there of `shard`.
pub(super) fn find(store: &dyn Store, shard: ShardUid, birth: Birth) -> Result<Found, LogError> {
    let kept = Kept::read(store, shard)?;
    let first = kept.purged.map_or(0, |purged| purged.index + 1);
    let last = last_entry(store, shard, None)?;
    let (last, orphans_from) = match last {
        Some(last) => match hole_before(store, shard, first, last.key().index)? {
            // Others may have been told that it is here: it has to come back before anything is said for this log.
            Some(hole) if kept.committed.is_some() => return Err(missing(shard, hole).into()),
            Some(hole) => (last_entry(store, shard, Some(hole))?, Some(hole)),
            None => (Some(last), None),
        },
        None => (None, None),
    };
    let mut state = match &kept.snapshot {
        Some(snapshot) => LogState::of_snapshot(snapshot),
        None => LogState::unborn(birth),
    };
    // Where there was a log, appends were made that are not remembered yet.
    state.is_recalled = last.is_none() && kept.snapshot.is_none();
    state.purged = kept.purged;
    state.vote = kept.vote;
    state.is_joining = kept.is_joining;
    state.committed = kept.committed;
    let is_newer = |entry: &Entry| Some(entry.envelope().position) >= state.last;
    if let Some(last) = last.filter(is_newer) {
        match kept.committed {
            None => advance_to(&mut state, &last)?,
            Some(committed) => {
                let committed = state.applied.max(Some(committed));
                if let Some(applied) = applied_entry(store, shard, &last, committed)? {
                    advance_to(&mut state, &applied)?;
                }
                state.last = Some(last.envelope().position);
                state.standing = standing_after(last.envelope());
            }
        }
    }
    state.last = state.last.max(state.purged);
    state.stored_end = state.next_index();
    Ok(Found {
        state,
        orphans_from,
    })
}

/// The last entry of the log that may be applied: the one at `committed`, if it is there and is that very one.
fn applied_entry(
    store: &dyn Store,
    shard: ShardUid,
    last: &Entry,
    committed: Option<anabranch_store::entry::Position>,
) -> Result<Option<Entry>, LogError> {
    let Some(committed) = committed else {
        return Ok(None);
    };
    if committed.index >= last.key().index {
        return Ok(Some(last.clone()).filter(|last| last.envelope().position <= committed));
    }
    let at = last_entry(store, shard, Some(committed.index + 1))?;
    Ok(at.filter(|entry| entry.envelope().position == committed))
}

/// The state that follows from the log's last applied entry.
fn advance_to(state: &mut LogState, last: &Entry) -> Result<(), EntryError> {
    let envelope = last.envelope();
    state.last = Some(envelope.position);
    state.applied = state.last;
    state.standing = standing_after(envelope);
    state.shard.next_ordinal = envelope.next_ordinal();
    state.shard.last_arrival = envelope.time;
    state.shard.phase = envelope.phase;
    state.shard.epoch = envelope.epoch;
    if envelope.kind == EntryKind::Seal {
        state.shard.children = Seal::decode(last)?.children;
    }
    Ok(())
}

/// The last entry of the log, or the last one before index `before`.
fn last_entry(
    store: &dyn Store,
    shard: ShardUid,
    before: Option<u64>,
) -> Result<Option<Entry>, LogError> {
    let range = match before {
        Some(before) => LogKey::between(shard, 0, before),
        None => LogKey::all(shard),
    };
    let mut found = Ok(None);
    store.scan(Family::Log, &range, Order::Backward, &mut |key, value| {
        found = decode(key, &value).map(Some);
        ControlFlow::Break(())
    })?;
    found
}

fn decode(key: &[u8], value: &bytes::Bytes) -> Result<Entry, LogError> {
    Ok(Entry::decode(LogKey::decode(key)?, value)?)
}

/// What is said of an entry that belongs there and is not.
pub(super) fn missing(shard: ShardUid, index: u64) -> StoreError {
    StoreError::Corrupt {
        doing: "read a log",
        family: Family::Log,
        entry: Some(LogKey::new(shard, index)),
        detail: "the entry is missing".into(),
    }
}

/// The replicas that the small values name: nobody, on a disk that joined and was told nothing yet.
pub(super) fn hosts(store: &dyn Store, shard: ShardUid) -> Result<Vec<(u64, PodName)>, LogError> {
    let snapshot = Kept::read(store, shard)?.snapshot;
    let nodes = snapshot.iter().flat_map(|it| it.membership.nodes());
    let hosts = nodes.filter_map(|(node, host)| Some((*node, host.0.clone()?)));
    Ok(hosts.collect())
}

/// The first index missing among the last few before `last`.
fn hole_before(
    store: &dyn Store,
    shard: ShardUid,
    first: u64,
    last: u64,
) -> Result<Option<u64>, StoreError> {
    for index in first.max(last.saturating_sub(PIPELINE_ENTRIES_MAX))..last {
        if store.head(&LogKey::new(shard, index).encode())?.is_none() {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Remembers the appends at the end of the log again, oldest first: those before index `end`. What is not applied may yet be taken back,
/// and must not be answered for. Beside them the damage, if there is some, behind which they stand: what lies before it is not recalled.
pub(super) fn recall(
    store: &dyn Store,
    shard: ShardUid,
    end: u64,
) -> Result<(RecentAppends, Option<LogError>), LogError> {
    let mut entries: Vec<(Envelope, Option<Tokens>)> = Vec::new();
    let (mut bytes, mut failed, mut age) = (0, None, Duration::ZERO);
    let read = |key: &[u8], value: &bytes::Bytes| {
        let entry = decode(key, value)?;
        let is_append = entry.envelope().kind == EntryKind::Append;
        let appends = is_append.then(|| tokens(&entry)).transpose()?;
        Ok::<_, LogError>((*entry.envelope(), appends))
    };
    let scanned = store.scan(
        Family::Log,
        &LogKey::between(shard, 0, end),
        Order::Backward,
        &mut |key, value| {
            bytes += value.len();
            match read(key, &value) {
                Ok(entry) => entries.push(entry),
                Err(error) => failed = Some(error),
            }
            if let [.., (after, _), (before, _)] = entries.as_slice() {
                age += RecentAppends::step(before.time, after.time);
            }
            let is_enough = age > RECALL_TIME
                || entries.len() >= RECALL_ENTRIES_MAX
                || bytes >= RECALL_BYTES_MAX;
            if is_enough || failed.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    );
    let failed = failed.or(scanned.err().map(LogError::from));
    if let Some(error) = &failed
        && error.damaged_entry().is_none()
    {
        return Err(error.clone());
    }
    let mut recent = RecentAppends::default();
    for (envelope, appends) in entries.into_iter().rev() {
        for append in appends.into_iter().flatten() {
            let first_ordinal = envelope.first_ordinal + u64::from(append.first_record);
            recent.remember(envelope.time, append.token, first_ordinal);
        }
    }
    Ok((recent, failed))
}

/// The small values beside the log.
#[derive(Default)]
struct Kept {
    vote: Option<Vote>,
    committed: Option<anabranch_store::entry::Position>,
    purged: Option<anabranch_store::entry::Position>,
    snapshot: Option<ShardSnapshot>,
    is_joining: bool,
}

impl Kept {
    fn read(store: &dyn Store, shard: ShardUid) -> Result<Self, LogError> {
        let mut kept = Self::default();
        let mut failed = None;
        store.scan(
            Family::Raft,
            &RaftKey::all(shard),
            Order::Forward,
            &mut |key, value| match kept.take(key, &value) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            },
        )?;
        failed.map_or(Ok(kept), Err)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), LogError> {
        let key = RaftKey::decode(key)?;
        match key.item {
            RaftItem::Vote => self.vote = Some(decode_vote(key.shard, value)?),
            RaftItem::Purged => {
                self.purged = Some(decode_position("purge position", key.shard, value)?);
            }
            RaftItem::Snapshot => self.snapshot = Some(ShardSnapshot::decode(key.shard, value)?),
            RaftItem::Committed => {
                self.committed = Some(decode_position("committed position", key.shard, value)?);
            }
            RaftItem::Joining => self.is_joining = true,
            // A birth is read by whoever lists the groups of a disk.
            RaftItem::Birth => {}
        }
        Ok(())
    }
}
