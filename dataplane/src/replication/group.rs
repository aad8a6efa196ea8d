//! The life of one shard's Raft group: not running until something is proposed, stopped when nothing is for a while.
//!
//! ```text
//!            start                      disk fails
//!  stopped ─────────► running ─────────────────────► stopped, log forgotten ──► start reads what the disk has
//!     ▲                  │ idle, sealed
//!     └──────────────────┘
//! ```
//!
//! A group of one voter is born with its vote and membership written at once, so that it leads from its first message
//! on and never holds an election.

use std::{
    collections::BTreeSet,
    fmt,
    future::IntoFuture,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anabranch_domain::ShardId;
use anabranch_store::{
    Family, WriteSet, commit,
    entry::{Draft, Position, Standing},
    keys::{LogKey, RaftItem},
};
use futures_util::FutureExt;
use openraft::{Config, Raft, SnapshotPolicy, StepDownPolicy, alias::CommittedLeaderIdOf};

use super::{
    Commitment, Journal, LogError, Outcome, Proposal, ShardSnapshot, StateMachine, Types,
    log_state::LogState,
    log_store::LogStore,
    membership_bytes::encode_membership,
    network::NoPeers,
    record::{encode_birth, encode_vote},
    types::{Membership, StoredMembership, Vote, log_id},
};

/// The first term: there is no election before it.
const FIRST_TERM: u64 = 1;

/// What all groups of a process share.
#[derive(Clone, Debug)]
pub(crate) struct GroupSettings {
    /// This node, as a voter.
    pub(crate) node: u64,
    config: Arc<Config>,
}

impl GroupSettings {
    /// Settings of one-voter groups on `node`.
    pub(crate) fn one_voter(node: u64) -> Self {
        let config = Config {
            cluster_name: "shard".to_owned(),
            // One voter hears from nobody and speaks to nobody: no clock, no heartbeat, no election.
            enable_tick: false,
            enable_heartbeat: false,
            enable_elect: false,
            removed_leader_step_down: StepDownPolicy::Never,
            // The snapshot is a few integers that the log's last entry has too; trimming is by time, not by count.
            snapshot_policy: SnapshotPolicy::Never,
            max_in_snapshot_log_to_keep: u64::MAX,
            // The shard bounds what it proposes far below these.
            api_channel_size: Some(64),
            notification_channel_size: Some(256),
            state_machine_channel_size: Some(64),
            api_batch_capacity: 16,
            ..Config::default()
        };
        let config = config
            .validate()
            .expect("the settings are constants, and a test starts a group with them");
        Self {
            node,
            config: Arc::new(config),
        }
    }
}

/// Where a group stands when it starts: what its next entry follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footing {
    /// Ordinal, time, phase and epoch.
    pub(crate) standing: Standing,
    /// Where the records go on, if the shard is sealed.
    pub(crate) children: Vec<ShardId>,
}

#[derive(Clone)]
struct Running {
    raft: Raft<Types, StateMachine>,
    /// Entries are proposed for this leadership only: under another one, their standing might be wrong.
    leader: CommittedLeaderIdOf<Types>,
}

/// One shard's Raft group.
pub(crate) struct Group {
    journal: Arc<Journal>,
    settings: GroupSettings,
    running: Mutex<Option<Running>>,
    /// One start or stop at a time.
    changing: tokio::sync::Mutex<()>,
}

impl Group {
    /// The group over `journal`, not running.
    pub(crate) fn new(journal: Arc<Journal>, settings: GroupSettings) -> Self {
        Self {
            journal,
            settings,
            running: Mutex::new(None),
            changing: tokio::sync::Mutex::new(()),
        }
    }

    /// Its log.
    pub(crate) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the group, if it is not running, and says where it stands.
    pub(crate) async fn start(&self) -> Result<Footing, LogError> {
        let _one_at_a_time = self.changing.lock().await;
        if self.running().is_none() {
            self.journal.load().await?;
            if self.journal.with(LogState::is_unborn) == Some(true) {
                self.be_born().await?;
            }
            self.journal.recall_appends().await?;
            let running = self.launch().await?;
            *self.running() = Some(running);
        }
        let footing = self.journal.with(|state| Footing {
            standing: state.standing,
            children: state.shard.children.clone(),
        });
        Ok(footing.expect("the log was loaded"))
    }

    async fn launch(&self) -> Result<Running, LogError> {
        let node = self.settings.node;
        let term = self
            .journal
            .with(|state| state.vote.map_or(FIRST_TERM, |vote| vote.leader_id.term));
        let leader = log_id(Position {
            term: term.unwrap_or(FIRST_TERM),
            leader: node,
            index: 0,
        })
        .leader_id;
        let raft = Raft::new(
            node,
            self.settings.config.clone(),
            NoPeers,
            LogStore::new(self.journal.clone()),
            StateMachine::new(self.journal.clone()),
        );
        let raft = raft
            .await
            .map_err(|fatal| match self.journal.last_failure() {
                Some(error) => LogError::Store(error),
                None => LogError::Record(fatal.to_string()),
            })?;
        Ok(Running { raft, leader })
    }

    /// Writes a new group's vote, membership and first entry in one go.
    async fn be_born(&self) -> Result<(), LogError> {
        let (shard, node) = (self.journal.shard(), self.settings.node);
        let first = Position {
            term: FIRST_TERM,
            leader: node,
            index: 0,
        };
        let vote = Vote::new_committed(FIRST_TERM, node);
        let membership = Membership::new_with_defaults(vec![BTreeSet::from([node])], []);
        let standing = self.journal.standing().expect("the log was loaded");
        let draft = Draft::membership(standing, &encode_membership(&membership));
        let (entry, bytes) = draft.place_as_entry(shard, first);
        let snapshot = ShardSnapshot {
            position: Some(first),
            next_ordinal: standing.first_ordinal,
            last_arrival: standing.time,
            phase: standing.phase,
            epoch: standing.epoch,
            children: Vec::new(),
            membership: StoredMembership::new(Some(log_id(first)), membership),
        };
        let mut set = WriteSet::new();
        let birth = encode_birth(shard, self.journal.birth(), node);
        set.put_critical(Family::Raft, self.journal.key(RaftItem::Birth), birth);
        set.put_critical(
            Family::Raft,
            self.journal.key(RaftItem::Vote),
            encode_vote(shard, &vote),
        );
        set.put_critical(
            Family::Raft,
            self.journal.key(RaftItem::Snapshot),
            snapshot.encode(shard),
        );
        set.put_critical(Family::Log, LogKey::new(shard, 0).encode(), bytes);
        commit(&**self.journal.store(), set).await?;
        self.journal.with_mut(|state| {
            state.vote = Some(vote);
            state.append(entry);
            state.applied = Some(first);
            state.membership = snapshot.membership;
        });
        Ok(())
    }

    /// Proposes an entry. `told` hears once what came of it: nothing, if the group stopped before that was known.
    /// Entries are committed in the order in which they are proposed.
    pub(crate) fn propose(
        &self,
        draft: Draft,
        told: impl FnOnce(Option<Outcome>) + Send + 'static,
    ) {
        let commitment = Commitment::new(
            move |result: Option<openraft::raft::ClientWriteResult<Types>>| {
                told(result.and_then(Result::ok).map(|response| response.data));
            },
        );
        let Some(running) = self.running().clone() else {
            return;
        };
        let write = running
            .raft
            .write(Proposal::Draft(draft))
            .responder(commitment)
            .with_leader(running.leader);
        // The channel has room for more than a shard may propose, so this is done at once; were it not, dropping the
        // call would tell the proposer so.
        let _ = write.into_future().now_or_never();
    }

    /// Stops the group. What was proposed and not committed is told so.
    pub(crate) async fn stop(&self) {
        let _one_at_a_time = self.changing.lock().await;
        let running = self.running().take();
        if let Some(Running { raft, .. }) = running {
            // A group that stopped by itself has nothing to say here; its proposers were told.
            let _ = raft.shutdown().await;
        }
    }

    /// Stops the group after a failure, and forgets its log once the disk has answered for all of it: the next start
    /// reads what is really there.
    pub(crate) async fn stop_failed(&self) {
        self.stop().await;
        self.journal.unsettled.settled().await;
        self.journal.forget();
    }

    /// Trims the log up to entry `index`.
    pub(crate) async fn trim_through(&self, index: u64) -> Result<(), LogError> {
        let _one_at_a_time = self.changing.lock().await;
        let envelope = self.journal.envelope(index)?;
        if let Some(envelope) = envelope {
            // Past the library, which has a log to keep for peers only: here are none, so nobody reads what is gone.
            self.journal.purge_through(envelope.position).await?;
        }
        Ok(())
    }

    /// Stops the group and removes everything that is kept for it.
    pub(crate) async fn destroy(&self) -> Result<(), LogError> {
        self.stop().await;
        self.journal.unsettled.settled().await;
        Ok(self.journal.destroy().await?)
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("shard", &self.journal.shard())
            .finish_non_exhaustive()
    }
}
