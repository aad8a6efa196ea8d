//! The life of one shard's Raft group on this disk: not running until something is proposed or comes from another
//! replica, stopped when nothing does for a while.
//!
//! ```text
//!            start                      disk fails, deposed
//!  stopped ─────────► running ─────────────────────────────► stopped, log forgotten ──► start reads what the disk has
//!     ▲                  │ idle, sealed
//!     └──────────────────┘
//! ```
//!
//! A group is born with its vote and membership written at once, the same on every disk, so that it is led from its first
//! message on and a group of one voter never holds an election. No group has a clock: who leads is questioned when its
//! pod is silent ([`Peers`]), not when its shard is.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::IntoFuture,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anabranch_domain::ShardId;
use anabranch_store::{
    Family, StoreError, WriteSet, commit,
    entry::{Draft, Position, Standing},
    keys::{LogKey, RaftItem},
};
use futures_util::FutureExt;
use openraft::{Config, Raft, SnapshotPolicy, StepDownPolicy, alias::CommittedLeaderIdOf};
use tokio::time::{Instant, timeout};

use super::{
    CatchUp, Commitment, Damage, Founding, Journal, LogError, Met, Outcome, Peers, Proposal,
    ReplicaId, ShardSnapshot, StateMachine, Types,
    log_state::LogState,
    log_store::LogStore,
    membership_bytes::encode_membership,
    mending::Mender,
    network::Network,
    record::{encode_birth, encode_position, encode_vote},
    types::{Host, Membership, StoredMembership, Vote, log_id},
};

/// The first term: there is no election before it.
pub(super) const FIRST_TERM: u64 = 1;

/// How long the end of a process waits for writes that are under way.
const SETTLING_MAX: Duration = Duration::from_secs(5);
/// For ever, to a process: one year, in milliseconds.
const LEASE_MS: u64 = 365 * 24 * 3_600_000;

/// What all groups of a process share.
#[derive(Clone, Debug)]
pub(crate) struct GroupSettings {
    /// This process's disk, as a replica.
    pub(crate) node: u64,
    /// The processes of the other replicas; none: every group has one voter.
    pub(crate) peers: Option<Arc<Peers>>,
    /// What was found damaged.
    pub(crate) damage: Arc<Damage>,
    /// What it may spend on replicas that lag.
    pub(crate) catch_up: Arc<CatchUp>,
    /// Leads at once where the disk says that it led.
    restoring: Arc<Config>,
    /// Leads only when elected: after a start, entries may be gone that others have.
    cautious: Arc<Config>,
}

impl GroupSettings {
    /// Settings of one-voter groups on `node`.
    pub(crate) fn one_voter(node: u64) -> Self {
        Self::new(node, None, CatchUp::new(None))
    }

    /// Settings of groups with replicas in other processes.
    pub(crate) fn replicated(peers: Arc<Peers>, catch_up: CatchUp) -> Self {
        Self::new(peers.node(), Some(peers), catch_up)
    }

    fn new(node: u64, peers: Option<Arc<Peers>>, catch_up: CatchUp) -> Self {
        let config = |restores: bool| {
            let config = Config {
                cluster_name: "shard".to_owned(),
                // No clock, no heartbeat, no election of its own accord: `Peers` knows who is alive.
                enable_tick: false,
                enable_heartbeat: false,
                enable_elect: false,
                enable_leader_restore: Some(restores),
                removed_leader_step_down: StepDownPolicy::Never,
                // The library lets a leader write, and a follower refuse to vote for others, for this long after they last
                // heard of each other. Here `Peers` says who is alive, and an idle leader hears of nobody.
                heartbeat_interval: 200,
                election_timeout_min: 500,
                election_timeout_max: LEASE_MS,
                // The snapshot is a few integers that the log's headers have too; trimming is by time, not by count.
                snapshot_policy: SnapshotPolicy::Never,
                max_in_snapshot_log_to_keep: u64::MAX,
                max_payload_entries: 64,
                // The shard bounds what it proposes far below these.
                api_channel_size: Some(64),
                notification_channel_size: Some(256),
                state_machine_channel_size: Some(64),
                api_batch_capacity: 16,
                ..Config::default()
            };
            let config = config.validate();
            Arc::new(
                config.expect("the settings are constants, and a test starts a group with them"),
            )
        };
        Self {
            node,
            peers,
            damage: Arc::default(),
            catch_up: Arc::new(catch_up),
            restoring: config(true),
            cautious: config(false),
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
pub(super) struct Running {
    pub(super) raft: Raft<Types, StateMachine>,
    /// Entries are proposed for this leadership only: under another one, their standing might be wrong. None: not led
    /// from here.
    pub(super) leader: Option<CommittedLeaderIdOf<Types>>,
    /// Whether it took up the leadership that the disk knows of.
    is_restored: bool,
    /// When it was started.
    pub(super) since: Instant,
}

/// One shard's Raft group, as far as it is on this disk.
pub struct Group {
    pub(super) journal: Arc<Journal>,
    pub(super) settings: GroupSettings,
    pub(super) founding: Founding,
    running: Mutex<Option<Running>>,
    /// One start or stop at a time.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// Whether a leadership that the disk knows of may be taken up again: nothing was lost since this process held it.
    may_restore: AtomicBool,
    /// Whether the process is about to end: then nothing starts any more.
    has_ended: AtomicBool,
    /// What mends this log.
    pub(super) mender: Mender,
    /// What is known of the leadership beside the log.
    pub(super) doubts: Mutex<super::leadership::Doubts>,
}

impl Group {
    /// The group over `journal`, not running.
    pub(crate) fn new(journal: Arc<Journal>, settings: GroupSettings, founding: Founding) -> Self {
        let mender = Mender::new(
            journal.clone(),
            settings.peers.clone(),
            settings.damage.clone(),
        );
        Self {
            journal,
            settings,
            founding,
            running: Mutex::new(None),
            changing: tokio::sync::Mutex::new(()),
            may_restore: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            mender,
            doubts: Mutex::default(),
        }
    }

    /// Its log.
    pub(crate) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    pub(super) fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it runs, leading or following.
    pub(crate) fn is_running(&self) -> bool {
        self.running().is_some()
    }

    /// Whether it stopped in this process with everything settled.
    pub(super) fn rested_in_order(&self) -> bool {
        self.may_restore.load(Ordering::Acquire)
    }

    /// Whether other processes have replicas of it.
    pub(crate) fn has_peers(&self) -> bool {
        self.journal.with(|state| state.committed.is_some()) == Some(true)
            || match &self.founding {
                Founding::Alone => false,
                Founding::Together(replicas) => replicas.len() > 1,
                Founding::Joining => true,
            }
    }

    /// Starts the group, if it is not running, sees to it that it is led from here, and says where it stands.
    pub(crate) async fn start(&self) -> Result<Footing, LogError> {
        let _one_at_a_time = self.changing.lock().await;
        let raft = self.running_raft().await?;
        if self.has_peers() {
            let is_restored = self
                .running()
                .as_ref()
                .is_some_and(|running| running.is_restored);
            let leader = self.lead(&raft, is_restored).await?;
            if let Some(running) = &mut *self.running() {
                running.leader = Some(leader);
            }
        }
        let footing = self.journal.with(|state| Footing {
            standing: state.standing,
            children: state.shard.children.clone(),
        });
        Ok(footing.expect("the log was loaded"))
    }

    /// The running group; started if it was not. The caller sees to it that nobody else starts or stops it.
    pub(super) async fn running_raft(&self) -> Result<Raft<Types, StateMachine>, LogError> {
        if let Some(running) = &*self.running() {
            return Ok(running.raft.clone());
        }
        if self.has_ended.load(Ordering::Acquire) {
            return Err(LogError::Store(StoreError::Closed));
        }
        self.load().await?;
        if self.journal.with(LogState::is_unborn) == Some(true) {
            self.be_born().await?;
        }
        self.watch_hosts();
        self.recall_appends().await?;
        let running = self.launch().await?;
        let raft = running.raft.clone();
        *self.running() = Some(running);
        Ok(raft)
    }

    /// Reads the log's end. The others hear whether that can be done: a leader that cannot read its own log is none.
    pub(super) async fn load(&self) -> Result<(), LogError> {
        let loaded = self.journal.load().await;
        if let Some(peers) = &self.settings.peers {
            let is_damaged = matches!(loaded, Err(LogError::Entry(_) | LogError::Record(_)));
            peers.note_readable(self.journal.shard(), !is_damaged);
        }
        loaded
    }

    /// Remembers the tokens at the log's end; what is damaged there is mended first.
    ///
    /// Where no other replica gives it now, the tokens before it are given up: a put that is repeated across this start is then
    /// written twice, which is better than a shard that takes nothing until the other replica is back.
    async fn recall_appends(&self) -> Result<(), LogError> {
        let mut met = Met::default();
        loop {
            match self.journal.recall_appends(false).await {
                Err(error) if self.is_mended(&error, &mut met).await => {}
                Err(error) if error.damaged_entry().is_some() => {
                    let shard = self.journal.shard();
                    tracing::warn!(%shard, %error, "the tokens of appends before a damaged entry are not remembered");
                    return self.journal.recall_appends(true).await;
                }
                recalled => return recalled,
            }
        }
    }

    async fn launch(&self) -> Result<Running, LogError> {
        let node = self.settings.node;
        let has_peers = self.has_peers();
        let restores = !has_peers || self.may_restore.swap(false, Ordering::AcqRel);
        let config = if restores {
            &self.settings.restoring
        } else {
            &self.settings.cautious
        };
        let raft = Raft::new(
            node,
            config.clone(),
            Network::new(self.journal.clone(), self.settings.peers.clone()),
            LogStore::new(
                self.journal.clone(),
                self.mender.clone(),
                self.settings.catch_up.clone(),
            ),
            StateMachine::new(self.journal.clone()),
        );
        let raft = raft
            .await
            .map_err(|fatal| match self.journal.last_failure() {
                Some(error) => LogError::Store(error),
                None => LogError::Record(fatal.to_string()),
            })?;
        let vote = self.journal.with(|state| state.vote).flatten();
        let was_leader = vote.is_some_and(|vote| vote.committed && vote.leader_id.node_id == node);
        let leader = (!has_peers).then(|| {
            let term = self
                .journal
                .with(|state| state.vote.map(|vote| vote.leader_id.term));
            let term = term.flatten().unwrap_or(FIRST_TERM);
            leadership(term, node)
        });
        Ok(Running {
            raft,
            leader,
            is_restored: restores && was_leader,
            since: Instant::now(),
        })
    }

    /// Writes a new group's vote, membership and first entry in one go: the same on the disk of every founder.
    async fn be_born(&self) -> Result<(), LogError> {
        let (shard, node) = (self.journal.shard(), self.settings.node);
        let voters = match &self.founding {
            Founding::Joining => return self.begin_joining().await,
            Founding::Alone => BTreeMap::from([(node, Host::default())]),
            Founding::Together(replicas) => hosts(replicas),
        };
        let leader = match &self.founding {
            Founding::Together(replicas) => replicas.first().map_or(node, |first| first.node),
            _ => node,
        };
        let has_peers = voters.len() > 1;
        let first = Position {
            term: FIRST_TERM,
            leader,
            index: 0,
        };
        let vote = Vote::new_committed(FIRST_TERM, leader);
        let ids: BTreeSet<u64> = voters.keys().copied().collect();
        let membership = Membership::new(vec![ids], voters);
        let membership = membership.map_err(|error| LogError::Record(error.to_string()))?;
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
        let mut put = |item, bytes: Vec<u8>| {
            set.put_critical(Family::Raft, self.journal.key(item), bytes);
        };
        put(
            RaftItem::Birth,
            encode_birth(shard, self.journal.birth(), node),
        );
        put(RaftItem::Vote, encode_vote(shard, &vote));
        put(RaftItem::Snapshot, snapshot.encode(shard));
        if has_peers {
            put(RaftItem::Committed, encode_position(shard, first));
        }
        set.put_critical(Family::Log, LogKey::new(shard, 0).encode(), bytes);
        commit(&**self.journal.store(), set).await?;
        self.journal.with_mut(|state| {
            state.vote = Some(vote);
            state.append(entry);
            state.note_stored_through(0);
            state.applied = Some(first);
            state.committed = has_peers.then_some(first);
            state.membership = snapshot.membership;
        });
        // Nothing was there before, so nothing was lost.
        self.may_restore.store(true, Ordering::Release);
        Ok(())
    }

    /// Proposes an entry. `told` hears once what came of it: nothing, if the group stopped before that was known, or is
    /// no longer led from here. Entries are committed in the order in which they are proposed.
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
        let Some(Running {
            raft,
            leader: Some(leader),
            ..
        }) = self.running().clone()
        else {
            return;
        };
        let write = raft
            .write(Proposal::Draft(draft))
            .responder(commitment)
            .with_leader(leader);
        // The channel has room for more than a shard may propose, so this is done at once; were it not, dropping the
        // call would tell the proposer so.
        let _ = write.into_future().now_or_never();
    }

    /// Stops the group. What was proposed and not committed is told so.
    pub(crate) async fn stop(&self) {
        let _one_at_a_time = self.changing.lock().await;
        self.halt().await;
    }

    /// Stops the group for good: what was about to start it hears that it cannot. Whoever opens the disk next is the only one
    /// to write there.
    pub(crate) async fn end(&self) {
        self.has_ended.store(true, Ordering::Release);
        self.stop().await;
        // A disk that hangs must not keep the process.
        let _ = timeout(SETTLING_MAX, self.journal.unsettled.settled()).await;
    }

    async fn halt(&self) {
        let running = self.running().take();
        let Some(Running { raft, .. }) = running else {
            return;
        };
        // A group that stopped by itself has nothing to say here; its proposers were told.
        let _ = raft.shutdown().await;
        if !self.has_peers() {
            return;
        }
        self.journal.unsettled.settled().await;
        if self.journal.last_failure().is_none() {
            // What is known to be committed is read after a start without asking anybody.
            let noted = self.journal.note_committed().await;
            self.may_restore.store(noted.is_ok(), Ordering::Release);
        }
    }

    /// Stops the group after a failure, and forgets its log once the disk has answered for all of it: the next start
    /// reads what is really there.
    pub(crate) async fn stop_failed(&self) {
        let _one_at_a_time = self.changing.lock().await;
        self.halt().await;
        self.may_restore.store(false, Ordering::Release);
        self.journal.unsettled.settled().await;
        self.journal.forget();
    }

    /// Trims the log up to entry `index`.
    pub(crate) async fn trim_through(&self, index: u64) -> Result<(), LogError> {
        let _one_at_a_time = self.changing.lock().await;
        let Some(envelope) = self.journal.envelope(index)? else {
            return Ok(());
        };
        let running = self.running().clone();
        match running {
            // The library has to know: it may be reading there for a replica that is behind, or for one that is added later.
            Some(Running { raft, .. }) if self.settings.peers.is_some() => {
                self.trim_running(&raft, envelope.position).await
            }
            // Past the library: nobody else will ever read what is gone, or it finds out at its next start.
            _ => Ok(self.journal.purge_through(envelope.position).await?),
        }
    }

    /// Stops the group and removes everything that is kept for it.
    pub(crate) async fn destroy(&self) -> Result<(), LogError> {
        let _one_at_a_time = self.changing.lock().await;
        self.halt().await;
        self.journal.unsettled.settled().await;
        Ok(self.journal.destroy().await?)
    }
}

/// The leadership of `node` in `term`.
pub(super) fn leadership(term: u64, node: u64) -> CommittedLeaderIdOf<Types> {
    let first = Position {
        term,
        leader: node,
        index: 0,
    };
    log_id(first).leader_id
}

/// Replicas as the library knows them.
pub(super) fn hosts(replicas: &[ReplicaId]) -> BTreeMap<u64, Host> {
    let host = |replica: &ReplicaId| (replica.node, Host(Some(replica.pod.clone())));
    replicas.iter().map(host).collect()
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("shard", &self.journal.shard())
            .finish_non_exhaustive()
    }
}
