//! The library's log storage over a [`Journal`].
//!
//! An append is handed to the store and the call returns; the library hears of it from the store's group commit, which
//! all shards share. Until an entry is applied it is read from memory.

use std::{
    fmt::Debug,
    io,
    ops::{Bound, ControlFlow, RangeBounds},
    sync::Arc,
};

use anabranch_store::{
    Family, Order, StoreError, WriteSet, commit,
    entry::{Draft, Entry, EntryKind, HEADER_LEN, Position, Standing},
    keys::{LogKey, RaftItem},
};
use bytes::{Bytes, BytesMut};
use openraft::{
    EntryPayload, LogState as LibraryLogState, OptionalSend, RaftLogReader,
    storage::{IOFlushed, RaftLogStorage},
};

use super::{
    CatchUp, Journal, LogError, Met,
    catch_up::{Refill, Turn},
    log_state::{LogState, standing_after},
    membership_bytes::{decode_membership, encode_membership},
    mending::Mender,
    record::{encode_position, encode_vote},
    types::{LogEntry, LogId, Payload, Proposal, Types, Vote, log_id, position},
};

/// A message to a follower takes no more entries once they have so many bytes.
pub(super) const MESSAGE_BYTES_ENOUGH: usize = 2 << 20;

/// The log of one group, as the library writes and reads it.
#[derive(Clone, Debug)]
pub(super) struct LogStore {
    journal: Arc<Journal>,
    mender: Mender,
    /// What is read for one replica that lags: each that is sent entries has a reader of its own.
    refill: Refill,
}

impl LogStore {
    /// The log storage over `journal`, which is loaded.
    pub(super) fn new(journal: Arc<Journal>, mender: Mender, catch_up: Arc<CatchUp>) -> Self {
        Self {
            journal,
            mender,
            refill: Refill::new(catch_up),
        }
    }

    fn state<T>(&self, look: impl FnOnce(&LogState) -> T) -> T {
        self.journal
            .with(look)
            .expect("a log is loaded before its group runs")
    }

    /// The entry's place in memory, and its bytes for the disk.
    fn place(&self, entry: LogEntry) -> Result<Bytes, io::Error> {
        let standing = self.state(|state| state.standing);
        let draft = match entry.payload {
            EntryPayload::Blank => Draft::blank(standing),
            EntryPayload::Membership(membership) => {
                Draft::membership(standing, &encode_membership(&membership))
            }
            EntryPayload::Normal(Proposal::Draft(draft)) => draft,
            EntryPayload::Normal(Proposal::Read(stored)) => return self.keep(stored, standing),
        };
        Ok(self.journal.place(draft, position(&entry.log_id)))
    }

    /// The bytes of an entry that the leader made, added to the log in memory.
    fn keep(&self, entry: Entry, standing: Standing) -> Result<Bytes, io::Error> {
        let envelope = entry.envelope();
        if envelope.first_ordinal != standing.first_ordinal {
            return Err(io::Error::other(format!(
                "entry {} of shard {} begins at record {}, and the log before it ends at {}",
                entry.key().index,
                self.journal.shard(),
                envelope.first_ordinal,
                standing.first_ordinal
            )));
        }
        let mut bytes = BytesMut::with_capacity(HEADER_LEN + entry.payload().len());
        bytes.extend_from_slice(&entry.header());
        bytes.extend_from_slice(entry.payload());
        let bytes = bytes.freeze();
        // The one copy that lies in memory is the one that goes to the disk: the message that brought it can go.
        let kept = entry.with_bytes(&bytes);
        self.journal.keep(kept, bytes.len());
        Ok(bytes)
    }

    /// How far the log is known to be committed, to be written beside the entries that come next. In a group that gets a
    /// second replica this begins to be told apart from how far the log goes.
    fn committed_record(&self, gets_peers: bool) -> Option<Vec<u8>> {
        let committed = self.journal.with_mut(|state| {
            if gets_peers && state.committed.is_none() {
                state.committed = Some(state.applied.unwrap_or_default());
            }
            state.committed
        });
        let committed = committed.flatten()?;
        Some(encode_position(self.journal.shard(), committed))
    }

    /// Reads entries for another replica or the state machine; what is damaged is mended first.
    async fn read(&self, range: (Bound<u64>, Bound<u64>)) -> Result<Vec<LogEntry>, io::Error> {
        let mut met = Met::default();
        loop {
            match self.try_read(range) {
                Err(error) if self.mender.is_mended(&error, &mut met).await => {}
                read => return read.map_err(io::Error::other),
            }
        }
    }

    fn try_read(&self, range: (Bound<u64>, Bound<u64>)) -> Result<Vec<LogEntry>, LogError> {
        let (first, tail_start, end) =
            self.state(|state| (state.first_index(), state.tail_start(), state.next_index()));
        let from = match range.0 {
            Bound::Included(from) => from,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.1 {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(to) => to,
            Bound::Unbounded => end,
        };
        let (from, to) = (from.max(first), to.min(end));
        let mut entries = self.read_disk(from, to.min(tail_start))?;
        for index in from.max(tail_start)..to {
            let entry = self.state(|state| state.in_tail(index).cloned());
            // Given up since: it was applied, so it is on the disk.
            match entry {
                Some(entry) => entries.push(library_entry(entry)?),
                None => entries.extend(self.read_disk(index, index + 1)?),
            }
        }
        Ok(entries)
    }

    fn read_disk(&self, from: u64, to: u64) -> Result<Vec<LogEntry>, LogError> {
        let mut entries = Vec::new();
        if from >= to {
            return Ok(entries);
        }
        let mut failed = None;
        let range = LogKey::between(self.journal.shard(), from, to);
        let scanned =
            self.journal
                .store
                .scan(Family::Log, &range, Order::Forward, &mut |key, value| {
                    match decode(key, &value) {
                        Ok(entry) => entries.push(entry),
                        Err(error) => failed = Some(error),
                    }
                    if failed.is_some() {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
        scanned?;
        failed.map_or(Ok(entries), Err)
    }

    async fn write(&self, set: WriteSet) -> Result<(), io::Error> {
        let written = commit(&*self.journal.store, set).await;
        written.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &StoreError) -> io::Error {
        self.journal.note_failure(error);
        io::Error::other(error.clone())
    }

    /// The position of the last entry before `end`, and the standing after it.
    fn end_at(&self, end: u64) -> Result<Option<(Position, Standing)>, io::Error> {
        let Some(last) = end.checked_sub(1) else {
            return Ok(None);
        };
        let envelope = self.journal.envelope(last).map_err(io::Error::other)?;
        Ok(envelope.map(|envelope| (envelope.position, standing_after(&envelope))))
    }
}

fn decode(key: &[u8], value: &Bytes) -> Result<LogEntry, LogError> {
    library_entry(Entry::decode(LogKey::decode(key)?, value)?)
}

/// A stored entry as the library knows it.
fn library_entry(entry: Entry) -> Result<LogEntry, LogError> {
    let log_id = log_id(entry.envelope().position);
    let payload = match entry.envelope().kind {
        EntryKind::Blank => Payload::Blank,
        EntryKind::Membership => {
            let membership = decode_membership(entry.payload());
            Payload::Membership(
                membership
                    .ok_or_else(|| LogError::Record("a membership is malformed".to_owned()))?,
            )
        }
        EntryKind::Append | EntryKind::Seal | EntryKind::Activate => {
            Payload::Normal(Proposal::Read(entry))
        }
    };
    Ok(LogEntry { log_id, payload })
}

impl RaftLogReader<Types> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<LogEntry>, io::Error> {
        self.read((range.start_bound().cloned(), range.end_bound().cloned()))
            .await
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.state(|state| state.vote))
    }

    /// Leaves off after some entries: a follower that is far behind is sent messages of a bearable size, at a bounded rate.
    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<LogEntry>, io::Error> {
        let lags = start < self.state(LogState::tail_start);
        let turn = if lags {
            self.refill.turn(&self.journal).await
        } else {
            self.refill.keeps_pace();
            Turn::Free
        };
        let mut entries = Vec::new();
        let mut bytes = 0;
        for index in start..end {
            let entry = self
                .read((Bound::Included(index), Bound::Excluded(index + 1)))
                .await?;
            for entry in &entry {
                if let EntryPayload::Normal(Proposal::Read(stored)) = &entry.payload {
                    bytes += stored.payload().len();
                }
            }
            entries.extend(entry);
            if bytes >= MESSAGE_BYTES_ENOUGH {
                break;
            }
        }
        if turn == Turn::Paid {
            self.refill.pay(bytes as u64);
        }
        Ok(entries)
    }
}

impl RaftLogStorage<Types> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LibraryLogState<Types>, io::Error> {
        Ok(self.state(|state| LibraryLogState {
            last_purged_log_id: state.purged.map(log_id),
            last_log_id: state.last.map(log_id),
        }))
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let mut set = WriteSet::new();
        set.put_critical(
            Family::Raft,
            self.journal.key(RaftItem::Vote),
            encode_vote(self.journal.shard(), vote),
        );
        self.write(set).await?;
        self.journal.with_mut(|state| state.vote = Some(*vote));
        Ok(())
    }

    /// Remembered only: it is written with the next entries, and a start that finds less asks the next leader.
    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), io::Error> {
        let committed = committed.as_ref().map(position);
        self.journal.with_mut(|state| {
            if state.committed.is_some() {
                state.committed = state.committed.max(committed);
            }
        });
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, io::Error> {
        let committed = self.state(|state| state.committed);
        Ok(committed
            .filter(|committed| *committed != Position::default())
            .map(log_id))
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = LogEntry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut set = WriteSet::new();
        let (mut gets_peers, mut last) = (false, None);
        for entry in entries {
            last = Some(entry.log_id.index);
            if let EntryPayload::Membership(membership) = &entry.payload {
                gets_peers |= membership.nodes().count() > 1;
            }
            let key = LogKey::new(self.journal.shard(), entry.log_id.index);
            // The shard asked whether there is room; refused here, the entry would be missing in the log.
            set.put_critical(Family::Log, key.encode(), self.place(entry)?);
        }
        if let Some(committed) = self.committed_record(gets_peers) {
            set.put_critical(
                Family::Raft,
                self.journal.key(RaftItem::Committed),
                committed,
            );
        }
        if self.journal.is_lazy() {
            set.lazy();
        }
        let under_way = self.journal.unsettled.begin();
        let this = self.clone();
        let done = move |written: Result<(), StoreError>| {
            if let (Some(last), Ok(())) = (last, &written) {
                this.journal
                    .with_mut(|state| state.note_stored_through(last));
            }
            callback.io_completed(written.map_err(|error| this.failed(&error)));
            drop(under_way);
        };
        self.journal.store.submit(set, Box::new(done));
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        let end = last.map_or(0, |last| last.index + 1);
        if end >= self.state(LogState::next_index) {
            return Ok(());
        }
        let mut set = WriteSet::new();
        set.delete_range(Family::Log, LogKey::from(self.journal.shard(), end));
        let kept = self.end_at(end)?;
        self.write(set).await?;
        let birth = LogState::unborn(self.journal.birth()).standing;
        self.journal.with_mut(|state| {
            // Cut back to where the log was trimmed to, nothing is left to say where it stands but what was applied.
            let trimmed = state.purged.map(|_| state.applied_standing());
            let standing = kept.map(|(_, standing)| standing).or(trimmed);
            let standing = standing.unwrap_or(birth);
            state.truncate(
                kept.map(|(position, _)| position).or(state.purged),
                standing,
            );
        });
        Ok(())
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), io::Error> {
        let purged = self.journal.purge_through(position(&log_id)).await;
        purged.map_err(|error| self.failed(&error))
    }
}

#[cfg(test)]
#[path = "log_store_test.rs"]
mod log_store_test;
