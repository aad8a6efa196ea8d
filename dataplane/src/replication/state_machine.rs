//! The library's state machine over a [`Journal`]: a few integers, and a snapshot that is those integers.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use anabranch_domain::ShardCommand;
use anabranch_store::{
    Family, WriteSet, commit,
    entry::{Activate, Entry, EntryKind, Seal, tokens},
    keys::RaftItem,
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
    types::{LogEntry, LogId, StoredMembership, Types, log_id, position},
};

/// The state machine of one group.
#[derive(Clone, Debug)]
pub(crate) struct StateMachine {
    journal: Arc<Journal>,
    /// The snapshot that was last built or installed in this process; shared with the builder.
    current: Arc<Mutex<Option<SnapshotOf<Types, SnapshotBytes>>>>,
}

impl StateMachine {
    /// The state machine over `journal`, which is loaded.
    pub(super) fn new(journal: Arc<Journal>) -> Self {
        Self {
            journal,
            current: Arc::default(),
        }
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

    fn keep(&self, snapshot: SnapshotOf<Types, SnapshotBytes>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
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
                self.journal.apply(at, Some(stored.envelope()), &command)
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
        meta: &SnapshotMetaOf<Types>,
        snapshot: SnapshotBytes,
    ) -> Result<(), io::Error> {
        let shard = self.journal.shard();
        let facts = ShardSnapshot::decode(shard, &snapshot.0).map_err(io::Error::other)?;
        let mut set = WriteSet::new();
        set.put_critical(
            Family::Raft,
            self.journal.key(RaftItem::Snapshot),
            snapshot.0.clone(),
        );
        commit(&*self.journal.store, set)
            .await
            .map_err(io::Error::other)?;
        self.state(|state| {
            let installed = LogState::of_snapshot(&facts);
            state.shard = installed.shard;
            state.applied = installed.applied;
            state.membership = installed.membership;
            if state.last < installed.last {
                state.standing = installed.standing;
            }
        });
        self.keep(Snapshot {
            meta: meta.clone(),
            snapshot,
        });
        Ok(())
    }

    async fn get_current_snapshot(
        &mut self,
    ) -> Result<Option<SnapshotOf<Types, SnapshotBytes>>, io::Error> {
        Ok(self
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }
}

impl RaftSnapshotBuilder<Types> for StateMachine {
    type SnapshotData = SnapshotBytes;

    async fn build_snapshot(&mut self) -> Result<SnapshotOf<Types, SnapshotBytes>, io::Error> {
        let facts = self.state(|state| state.snapshot());
        let meta = SnapshotMetaOf::<Types> {
            last_log_id: facts.position.map(log_id),
            last_membership: facts.membership.clone(),
        };
        let snapshot = SnapshotBytes(facts.encode(self.journal.shard()));
        let built = Snapshot { meta, snapshot };
        self.keep(built.clone());
        Ok(built)
    }
}
