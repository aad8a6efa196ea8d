//! The library's state machine over a [`Journal`]: a few integers, and a snapshot that is those integers where the log begins.
//!
//! A snapshot stands at the log's *front*, where it is trimmed to, and not at its end: the log is the data, and who gets a
//! snapshot gets every record from there on as entries.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anabranch_domain::{ShardCommand, ShardUid};
use anabranch_store::{
    Family, WriteSet, commit,
    entry::{Activate, Entry, EntryKind, Seal, tokens},
    keys::{LogKey, RaftItem},
};
use futures_util::{Stream, StreamExt};
use openraft::{
    EntryPayload, OptionalSend, RaftSnapshotBuilder, Snapshot,
    alias::{SnapshotMetaOf, SnapshotOf},
    storage::{EntryResponder, RaftStateMachine},
};

use super::{
    Journal, Outcome, Proposal, ShardSnapshot, SnapshotBytes,
    log_state::LogState,
    record::encode_position,
    types::{LogEntry, LogId, StoredMembership, Types, log_id, position},
};

/// The state machine of one group.
#[derive(Clone, Debug)]
pub(crate) struct StateMachine {
    journal: Arc<Journal>,
    /// The snapshot that was built last; shared with the builder.
    built: Arc<Mutex<Option<ShardSnapshot>>>,
}

impl StateMachine {
    /// The state machine over `journal`, which is loaded.
    pub(super) fn new(journal: Arc<Journal>) -> Self {
        Self {
            journal,
            built: Arc::default(),
        }
    }

    fn built(&self) -> MutexGuard<'_, Option<ShardSnapshot>> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state<T>(&self, change: impl FnOnce(&mut LogState) -> T) -> T {
        self.journal
            .with_mut(change)
            .expect("a log is loaded before its group runs")
    }

    /// Writes the shard's facts beside the log. What follows in the log is written after it, so a start never finds
    /// the one without the other.
    fn save_snapshot(&self) {
        let snapshot = self.state(|state| state.snapshot());
        let mut set = WriteSet::new();
        let bytes = snapshot.encode(self.journal.shard());
        set.put_critical(Family::Raft, self.journal.key(RaftItem::Snapshot), bytes);
        let (journal, under_way) = (self.journal.clone(), self.journal.unsettled.begin());
        let done = move |written: Result<(), _>| {
            if let Err(error) = written {
                journal.note_failure(&error);
            }
            drop(under_way);
        };
        self.journal.store.submit(set, Box::new(done));
    }

    fn apply_one(&self, entry: LogEntry) -> Result<Outcome, io::Error> {
        let at = position(&entry.log_id);
        let applied = match entry.payload {
            EntryPayload::Blank => self.journal.apply(at, None, &ShardCommand::Blank),
            EntryPayload::Membership(membership) => {
                let stored = StoredMembership::new(Some(entry.log_id), membership);
                self.state(|state| state.membership = stored);
                let applied = self.journal.apply(at, None, &ShardCommand::Blank);
                self.save_snapshot();
                applied
            }
            EntryPayload::Normal(Proposal::Read(stored)) => {
                let command = command(&stored)?;
                let applied = self.journal.apply(at, Some(stored.envelope()), &command);
                // The children are in no header: with peers, entries may follow that are no seal.
                if stored.envelope().kind == EntryKind::Seal
                    && self.state(|state| state.committed.is_some())
                {
                    self.save_snapshot();
                }
                applied
            }
            EntryPayload::Normal(Proposal::Draft(_)) => {
                return Err(io::Error::other(
                    "an entry is applied that was not read from the log",
                ));
            }
        };
        Ok(Outcome { applied })
    }
}

/// What a stored entry does to its shard.
fn command(entry: &Entry) -> Result<ShardCommand, io::Error> {
    let envelope = entry.envelope();
    Ok(match envelope.kind {
        EntryKind::Append => ShardCommand::Append {
            first_ordinal: envelope.first_ordinal,
            arrival: envelope.time,
            record_count: envelope.record_count,
            tokens: tokens(entry).map_err(io::Error::other)?.collect(),
        },
        EntryKind::Seal => {
            let Seal { epoch, children } = Seal::decode(entry).map_err(io::Error::other)?;
            ShardCommand::Seal { epoch, children }
        }
        EntryKind::Activate => {
            let Activate { epoch } = Activate::decode(entry).map_err(io::Error::other)?;
            ShardCommand::Activate { epoch }
        }
        EntryKind::Blank | EntryKind::Membership => ShardCommand::Blank,
    })
}

impl RaftStateMachine<Types> for StateMachine {
    type SnapshotData = SnapshotBytes;
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok(self.state(|state| (state.applied.map(log_id), state.membership.clone())))
    }

    async fn apply<Strm>(&mut self, mut entries: Strm) -> Result<(), io::Error>
    where
        Strm: Stream<Item = Result<EntryResponder<Types>, io::Error>> + Unpin + OptionalSend,
    {
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            let outcome = self.apply_one(entry)?;
            if let Some(responder) = responder {
                responder.send(outcome);
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn install_snapshot(
        &mut self,
        _meta: &SnapshotMetaOf<Types>,
        snapshot: SnapshotBytes,
    ) -> Result<(), io::Error> {
        let shard = self.journal.shard();
        let facts = ShardSnapshot::decode(shard, &snapshot.0).map_err(io::Error::other)?;
        let mut set = WriteSet::new();
        let purged = facts.position.unwrap_or_default();
        set.put_critical(
            Family::Raft,
            self.journal.key(RaftItem::Snapshot),
            snapshot.0.clone(),
        );
        set.put_critical(
            Family::Raft,
            self.journal.key(RaftItem::Purged),
            encode_position(shard, purged),
        );
        set.put_critical(
            Family::Raft,
            self.journal.key(RaftItem::Committed),
            encode_position(shard, purged),
        );
        set.delete_range(Family::Log, LogKey::between(shard, 0, purged.index + 1));
        commit(&*self.journal.store, set)
            .await
            .map_err(io::Error::other)?;
        self.journal.install(&facts);
        Ok(())
    }

    async fn get_current_snapshot(
        &mut self,
    ) -> Result<Option<SnapshotOf<Types, SnapshotBytes>>, io::Error> {
        let trimmed = self.journal.trimmed_snapshot().map_err(io::Error::other)?;
        let built = self.built().clone();
        // Trimming goes on while no group runs, and then nothing is built.
        let facts = trimmed
            .into_iter()
            .chain(built)
            .max_by_key(|facts| facts.position);
        Ok(facts.map(|facts| library_snapshot(self.journal.shard(), &facts)))
    }
}

fn library_snapshot(shard: ShardUid, facts: &ShardSnapshot) -> SnapshotOf<Types, SnapshotBytes> {
    let meta = SnapshotMetaOf::<Types> {
        last_log_id: facts.position.map(log_id),
        last_membership: facts.membership.clone(),
    };
    let snapshot = SnapshotBytes(facts.encode(shard));
    Snapshot { meta, snapshot }
}

impl RaftSnapshotBuilder<Types> for StateMachine {
    type SnapshotData = SnapshotBytes;

    async fn build_snapshot(&mut self) -> Result<SnapshotOf<Types, SnapshotBytes>, io::Error> {
        let facts = self.journal.snapshot_to_trim().map_err(io::Error::other)?;
        *self.built() = Some(facts.clone());
        Ok(library_snapshot(self.journal.shard(), &facts))
    }
}
