//! Who leads a group, and what becomes of it when its leader is gone.
//!
//! **Invariant:** a group is proposed to only by a leader that has applied everything before its own term: so its next
//! entry stands where the log really ends, and every token that was ever answered for is known to it.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{MutexGuard, PoisonError},
    time::Duration,
};

use anabranch_domain::PodName;
use anabranch_proto::raft::{request::Call, response::Answer};
use anabranch_store::entry::Position;
use openraft::{Raft, ServerState, alias::CommittedLeaderIdOf, async_runtime::WatchReceiver as _};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{
    Founding, Group, LogError, ReplicaId, StateMachine, Types,
    group::{Running, leadership},
    log_state::LogState,
    peers,
    read_index::{Electorate, Opinion},
    types::{Host, Vote},
};

/// How long a replica tries to be elected before it says that it is not.
const ELECTION_MAX: Duration = Duration::from_secs(2);
/// One round of votes.
const ROUND: Duration = Duration::from_millis(400);
/// How long the others may take to say how they would vote.
const POLL: Duration = Duration::from_millis(300);
/// How often a wait looks again, when nothing woke it.
const GLANCE: Duration = Duration::from_millis(20);
/// A group without a leader is left to itself for this long: somebody's election is under way.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between one replica's turn to take a leadership over and the next one's.
const TURN: Duration = Duration::from_millis(300);
/// Entries may wait for the word that they are committed for this long before it is asked for.
const BEHIND: Duration = Duration::from_secs(2);
/// Who is to lead may lack so many entries: the rest is on its way.
const LAG_MAX: u64 = 64;
/// How long the library may take to trim.
const TRIM_MAX: Duration = Duration::from_secs(2);

/// What speaks against the leader that the log knows.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// It asked for votes itself: it does not lead.
    pub(super) is_candidate: bool,
    /// Since when there has been nobody to follow.
    pub(super) leaderless_since: Option<Instant>,
    /// When another replica was heard last.
    pub(super) heard: Option<Instant>,
    /// Whether another replica waits for this one to lead.
    pub(super) is_asked_for: bool,
    /// Since when there are entries here that are not known to be committed.
    behind_since: Option<Instant>,
}

/// How an election would end.
#[derive(Debug, PartialEq, Eq)]
enum Poll {
    Won,
    /// Another leads.
    Led(PodName),
    /// Too few would vote for this replica, for now.
    Lost,
}

/// What the replicas of a shard are to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles {
    /// The pod that leads, if one is known to.
    pub(crate) leader: Option<PodName>,
    /// Who votes.
    pub(crate) voters: Vec<ReplicaId>,
}

/// Who leads, as far as this replica knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leader {
    /// This replica, or it did when it was last running.
    This,
    /// Another, which is alive.
    Other(PodName),
    /// Nobody.
    Nobody,
}

impl Group {
    pub(super) fn doubts(&self) -> MutexGuard<'_, Doubts> {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an eye on every pod that has a replica.
    pub(super) fn watch_hosts(&self) {
        let Some(peers) = &self.settings.peers else {
            return;
        };
        let pods = self.journal.with(|state| {
            let pods = state.hosts().filter_map(|(_, host)| host.0.clone());
            pods.collect::<Vec<_>>()
        });
        for pod in pods.into_iter().flatten() {
            peers.watch(&pod);
        }
    }

    pub(super) fn leader(&self) -> Leader {
        let Some(peers) = &self.settings.peers else {
            return Leader::This;
        };
        let known = self.journal.with(|state| {
            let vote = state.vote.filter(|vote| vote.committed)?;
            let node = vote.leader_id.node_id;
            let host = state.hosts().find(|(known, _)| *known == node);
            Some((node, host.and_then(|(_, host)| host.0.clone())))
        });
        match known.flatten() {
            Some((node, _)) if node == self.settings.node => Leader::This,
            Some((node, Some(pod)))
                if !self.doubts().is_candidate
                    && peers.may_lead(&pod, node, self.journal.shard()) =>
            {
                Leader::Other(pod)
            }
            _ => Leader::Nobody,
        }
    }

    /// Whether this replica leads, or did when the group last ran, as far as it knows.
    pub(crate) fn is_led_here(&self) -> bool {
        self.leader() == Leader::This
    }

    /// Who leads and who votes, as far as this replica knows. A group that never ran has nothing on the disk that says so: then
    /// its founders will vote, and the first of them will lead.
    pub(crate) fn roles(&self) -> Roles {
        if let Founding::Together(founders) = &self.founding
            && self.journal.with(LogState::is_unborn) == Some(true)
        {
            let first = founders.first();
            let leader = first.filter(|first| first.node == self.settings.node);
            return Roles {
                leader: leader.map(|leader| leader.pod.clone()),
                voters: founders.clone(),
            };
        }
        let voters = self.journal.with(|state| {
            if state.is_joining {
                return Vec::new();
            }
            let ids: Vec<_> = state.membership.voter_ids().collect();
            let voters = state.hosts().filter(|(node, _)| ids.contains(node));
            let replica =
                |(node, host): (u64, &Host)| host.0.clone().map(|pod| ReplicaId { node, pod });
            voters.filter_map(replica).collect()
        });
        Roles {
            leader: self.leader_pod(),
            voters: voters.unwrap_or_default(),
        }
    }

    /// The pod that leads, as far as this replica knows.
    pub(super) fn leader_pod(&self) -> Option<PodName> {
        match self.leader() {
            Leader::This => Some(self.settings.peers.as_ref()?.pod().clone()),
            Leader::Other(pod) => Some(pod),
            Leader::Nobody => None,
        }
    }

    fn is_voter(&self) -> bool {
        let node = self.settings.node;
        let is_voter = self.journal.with(|state| {
            let mut voters = state.membership.voter_ids();
            !state.is_joining && voters.any(|voter| voter == node)
        });
        is_voter == Some(true)
    }

    /// Sees to it that this replica leads, unless another one does: then who.
    pub(super) async fn lead(
        &self,
        raft: &Raft<Types, StateMachine>,
        is_restored: bool,
    ) -> Result<CommittedLeaderIdOf<Types>, LogError> {
        let deadline = Instant::now() + ELECTION_MAX;
        let mut next_round = Instant::now();
        if is_restored {
            // It leads as soon as it has read what it needs.
            next_round += ROUND;
        }
        // One for all rounds: a new one would have seen nothing yet, and what has long been so would end every wait at once.
        let mut changes = raft.metrics();
        loop {
            let (state, term, is_heard) = {
                let metrics = raft.metrics();
                let metrics = metrics.borrow_watched();
                let is_heard = metrics.last_quorum_acked.is_some();
                (metrics.state, metrics.current_term, is_heard)
            };
            if state == ServerState::Leader {
                if is_heard && self.has_caught_up(term) {
                    let mut doubts = self.doubts();
                    doubts.leaderless_since = None;
                    doubts.is_asked_for = false;
                    drop(doubts);
                    return Ok(leadership(term, self.settings.node));
                }
            } else {
                if let Leader::Other(pod) = self.leader() {
                    return Err(LogError::NotLeader { leader: Some(pod) });
                }
                let is_leaving = self
                    .settings
                    .peers
                    .as_ref()
                    .is_some_and(|peers| peers.is_leaving());
                if is_leaving || !self.is_voter() {
                    return Err(LogError::NotLeader { leader: None });
                }
                if Instant::now() >= next_round {
                    match self.poll().await {
                        Poll::Won => {}
                        Poll::Led(pod) => {
                            return Err(LogError::NotLeader { leader: Some(pod) });
                        }
                        Poll::Lost => {
                            // Not now: somebody's log is longer, or too few are there.
                            sleep(GLANCE * 5).await;
                            if Instant::now() >= deadline {
                                return Err(LogError::NotLeader { leader: None });
                            }
                            continue;
                        }
                    }
                    next_round = Instant::now() + ROUND;
                    let asked = raft.trigger().elect(false).await;
                    asked.map_err(|fatal| self.fatal(&fatal))?;
                }
            }
            if Instant::now() >= deadline {
                return Err(LogError::NotLeader { leader: None });
            }
            tokio::select! {
                () = self.journal.advanced().notified() => {}
                has_more = changes.changed() => {
                    // The group stopped under it, as after a failed write: nothing will change any more.
                    has_more.map_err(|stopped| self.fatal(&stopped))?;
                }
                () = sleep(GLANCE) => {}
            }
        }
    }

    /// Whether everything up to this leader's own first entry is applied.
    pub(super) fn has_caught_up(&self, term: u64) -> bool {
        let caught_up = self.journal.with(|state| {
            state.applied == state.last && state.last.is_some_and(|last| last.term == term)
        });
        caught_up == Some(true)
    }

    pub(super) fn fatal(&self, fatal: &impl std::fmt::Display) -> LogError {
        match self.journal.last_failure() {
            Some(error) => LogError::Store(error),
            None => LogError::Record(fatal.to_string()),
        }
    }

    /// Whether the group was led from here and no longer is.
    pub(crate) fn is_deposed(&self) -> bool {
        let running = self.running().clone();
        let Some(Running {
            raft,
            leader: Some(leader),
            ..
        }) = running.filter(|_| self.has_peers())
        else {
            return false;
        };
        let metrics = raft.metrics();
        let metrics = metrics.borrow_watched();
        metrics.state != ServerState::Leader || metrics.current_term != leader.term
    }

    /// Whether it is this replica's turn to take the leadership over: the leader is gone, or what it had committed was never
    /// heard of here and it is this one that led.
    pub(crate) fn wants_leader(&self) -> bool {
        if !self.has_peers() || !self.is_voter() {
            return false;
        }
        match self.leader() {
            Leader::Other(_) => {
                self.doubts().leaderless_since = None;
                false
            }
            Leader::This => {
                // It led when this process, or its log, was last begun: somebody may wait for the end of what it sent out.
                // One that rested has ended everything, unless another says otherwise.
                let running = self.running().clone();
                let leads = running.is_some_and(|running| {
                    running.raft.metrics().borrow_watched().state == ServerState::Leader
                });
                !leads && (!self.rested_in_order() || self.doubts().is_asked_for)
            }
            Leader::Nobody => {
                let now = Instant::now();
                let since = *self.doubts().leaderless_since.get_or_insert(now);
                let turn = TURN * u32::try_from(self.rank()).unwrap_or(u32::MAX);
                let patience = if self.is_led_by_the_dead() {
                    Duration::ZERO
                } else {
                    PATIENCE
                };
                now.saturating_duration_since(since) >= patience + turn
            }
        }
    }

    /// Whether entries have waited here long enough for a leader that may rest. Then [`Self::ask_for_the_rest`].
    pub(crate) fn waits_for_the_rest(&self) -> bool {
        let waits = self.has_peers()
            && matches!(self.leader(), Leader::Other(_))
            && self.journal.with(LogState::is_behind) == Some(true);
        let now = Instant::now();
        let mut doubts = self.doubts();
        let since = if waits {
            Some(*doubts.behind_since.get_or_insert(now))
        } else {
            None
        };
        let is_time = since.is_some_and(|since| now.saturating_duration_since(since) >= BEHIND);
        doubts.behind_since = since.filter(|_| !is_time);
        is_time
    }

    /// Asks the others: a leader that rests finds out by being asked.
    pub(crate) async fn ask_for_the_rest(&self) {
        let _ = self.poll().await;
    }

    /// Whether the last known leader is gone, as against an election whose end is not known yet.
    fn is_led_by_the_dead(&self) -> bool {
        self.journal
            .with(|state| state.vote.is_some_and(|vote| vote.committed))
            == Some(true)
    }

    /// How many living replicas come before this one: for each shard another order, so that a dead pod's leaderships are
    /// spread over the others.
    fn rank(&self) -> usize {
        let (Some(peers), shard) = (&self.settings.peers, self.journal.shard()) else {
            return 0;
        };
        let place = |node: u64| {
            let mut hasher = DefaultHasher::new();
            (shard.to_bytes(), node).hash(&mut hasher);
            hasher.finish()
        };
        let own = place(self.settings.node);
        let before = self.journal.with(|state| {
            let others = state.hosts().filter(|(node, host)| {
                let may_lead = |pod| peers.may_lead(pod, *node, shard);
                host.0.as_ref().is_some_and(may_lead) && place(*node) < own
            });
            others.count()
        });
        before.unwrap_or(0)
    }

    /// Whether every replica has the whole log: only then may a leader rest.
    pub(crate) fn is_replicated(&self) -> bool {
        if !self.has_peers() {
            return true;
        }
        let Some(running) = self.running().clone() else {
            return true;
        };
        let metrics = running.raft.data_metrics();
        let metrics = metrics.borrow_watched();
        let Some(replication) = &metrics.replication else {
            return true;
        };
        let last = metrics.last_log.as_ref().map(|last| last.index);
        replication
            .values()
            .all(|matched| matched.as_ref().map(|matched| matched.index) == last)
    }

    /// Whether another replica was heard within `duration`.
    pub(crate) fn was_heard_within(&self, duration: Duration) -> bool {
        let heard = self.doubts().heard;
        heard.is_some_and(|heard| heard.elapsed() < duration)
    }

    /// Hands the leadership to another replica that is alive and has the log, if it is held here.
    pub(crate) async fn hand_over(&self) {
        let Some(Running { raft, .. }) = self.running().clone() else {
            return;
        };
        let Some(peers) = &self.settings.peers else {
            return;
        };
        if raft.metrics().borrow_watched().state != ServerState::Leader {
            return;
        }
        let own = self.settings.node;
        let heirs = self.journal.with(|state| {
            let voters: BTreeSet<u64> = state.membership.voter_ids().collect();
            let others = state.hosts().filter(|(node, host)| {
                let is_alive = |pod| peers.is_alive(pod, *node);
                *node != own && voters.contains(node) && host.0.as_ref().is_some_and(is_alive)
            });
            others.map(|(node, _)| node).collect::<Vec<_>>()
        });
        let ahead = {
            let metrics = raft.data_metrics();
            let metrics = metrics.borrow_watched();
            let matched = |node: &u64| {
                let replication = metrics.replication.as_ref()?;
                replication.get(node).copied().flatten()
            };
            heirs.into_iter().flatten().max_by_key(matched)
        };
        if let Some(heir) = ahead {
            Self::transfer(&raft, heir).await;
        }
    }

    /// Hands the leadership to the voter `heir`, if it is held here, and stays the leader if that one does not take it.
    pub(crate) async fn hand_over_to(&self, heir: u64) -> Result<(), LogError> {
        self.start().await?;
        let Some(running) = self.running().clone() else {
            return Err(LogError::Reloading);
        };
        let raft = &running.raft;
        if heir == self.settings.node {
            return Ok(());
        }
        let is_voter = {
            let metrics = raft.metrics();
            let metrics = metrics.borrow_watched();
            metrics.membership_config.voter_ids().any(|it| it == heir)
        };
        if !is_voter || !running.are_caught_up(&BTreeSet::from([heir])).await {
            let text = "whoever is to lead does not vote, or lacks too much of the log";
            return Err(LogError::Record(text.to_owned()));
        }
        if Self::transfer(raft, heir).await {
            return Ok(());
        }
        // Until another leads, the library takes no proposals here: only another term of its own lets it go on.
        let elected = raft.trigger().elect(false).await;
        elected.map_err(|fatal| self.fatal(&fatal))?;
        Err(LogError::Record("the leadership was not taken".to_owned()))
    }

    /// Says whether `raft` led and does no longer.
    async fn transfer(raft: &Raft<Types, StateMachine>, heir: u64) -> bool {
        if raft.trigger().transfer_leader(heir).await.is_err() {
            return false;
        }
        let gone = timeout(ROUND, async {
            let mut metrics = raft.metrics();
            while metrics.borrow_watched().state == ServerState::Leader {
                if metrics.changed().await.is_err() {
                    return;
                }
            }
        });
        gone.await.is_ok()
    }

    /// Trims the log of a group that runs: the library first notes that a snapshot stands there.
    pub(super) async fn trim_running(
        &self,
        raft: &Raft<Types, StateMachine>,
        goal: Position,
    ) -> Result<(), LogError> {
        let deadline = Instant::now() + TRIM_MAX;
        self.journal.with_mut(|state| state.trim_goal = Some(goal));
        let trimmed = async {
            raft.trigger().snapshot().await?;
            let mut metrics = raft.metrics();
            let stands = |at: Option<u64>| at.is_some_and(|at| at >= goal.index);
            while !stands(metrics.borrow_watched().snapshot.map(|at| at.index)) {
                if metrics.changed().await.is_err() {
                    return Ok(());
                }
            }
            raft.trigger().purge_log(goal.index).await?;
            while !stands(metrics.borrow_watched().purged.map(|at| at.index)) {
                if metrics.changed().await.is_err() {
                    return Ok(());
                }
            }
            Ok::<_, openraft::errors::Fatal<Types>>(())
        };
        let trimmed = timeout_at(deadline, trimmed).await;
        self.journal.with_mut(|state| state.trim_goal = None);
        match trimmed {
            Ok(Err(fatal)) => Err(self.fatal(&fatal)),
            // Not yet: a replica is being sent what is to go. The next sweep trims it.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// Asks the other voters how they would answer a vote for this replica. An election that cannot be won would only
    /// disturb the one who leads.
    async fn poll(&self) -> Poll {
        let Some(peers) = &self.settings.peers else {
            return Poll::Won;
        };
        let known = self.journal.with(|state| {
            let term = state.vote.map_or(0, |vote| vote.leader_id.term);
            (Electorate::of(state), term, state.last, state.vote)
        });
        let Some((electorate, term, last, asked_under)) = known else {
            return Poll::Lost;
        };
        let vote = Vote::new(term + 1, self.settings.node);
        let call = Call::RequestVote(peers::poll_to(&vote, last));
        let asked = self.ask_others(&electorate, &call, POLL, |answer| match answer {
            Ok(Answer::Voted(voted)) if voted.is_granted => Opinion::For,
            Ok(Answer::Voted(voted)) => Opinion::Against(voted.leader.parse().ok()),
            _ => Opinion::None,
        });
        if let Err(leader) = asked.await {
            let another = leader.filter(|pod| pod != peers.pod());
            return another.map_or(Poll::Lost, Poll::Led);
        }
        let now = self.journal.with(|state| state.vote).flatten();
        if now == asked_under {
            Poll::Won
        } else {
            Poll::Lost
        }
    }
}

impl Running {
    /// Whether all of `nodes` have the leader's log, but for what is on its way. Waits a little for it where the group just woke up
    /// as its leader: it first finds out how far the others are.
    pub(super) async fn are_caught_up(&self, nodes: &BTreeSet<u64>) -> bool {
        let mut metrics = self.raft.metrics();
        let caught_up = timeout_at(self.since + ROUND, async {
            loop {
                {
                    let metrics = metrics.borrow_watched();
                    let last = metrics.last_log_index.unwrap_or(0);
                    let has_log = |node: &u64| {
                        let matched = metrics.replication.as_ref();
                        let matched = matched.and_then(|matched| matched.get(node).copied());
                        let matched = matched.flatten().map_or(0, |matched| matched.index);
                        matched + LAG_MAX >= last
                    };
                    if nodes.iter().all(has_log) {
                        return true;
                    }
                }
                if metrics.changed().await.is_err() {
                    return false;
                }
            }
        });
        caught_up.await.unwrap_or(false)
    }
}
