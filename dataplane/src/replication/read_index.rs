//! Whether what is applied here is everything that was ever acknowledged, and what a majority says.
//!
//! A leader knows what it acknowledged, but not that it still leads: it may have been cut off, or stood still, while another was
//! elected. So before it says that there is nothing more, it asks the voters whether they have voted for anybody since (`ReadIndex`:
//! Ongaro, *Consensus: Bridging Theory and Practice*, §6.4, without its heartbeats). No clock is asked, and nobody is woken: a
//! replica that rests answers by its vote, which is in memory.
//!
//! **Invariant:** whoever is confirmed had, when the call began, applied every entry that anybody had acknowledged. For an entry is
//! acknowledged by a leader that has applied it, and any later leader needs the vote of one of those who just said that they gave none.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anabranch_domain::PodName;
use anabranch_proto::raft::{self as pb, request::Call, response::Answer};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use openraft::{ServerState, async_runtime::WatchReceiver as _};
use tokio::time::timeout;

use super::{
    Founding, Group, LogError,
    group::{FIRST_TERM, hosts},
    leadership::Leader,
    log_state::LogState,
    peers::{self, Lost},
    types::{Host, Vote},
};

/// How long the voters may take to confirm a leader: it only takes a message.
const CONFIRM_MAX: Duration = Duration::from_millis(500);

/// Whose word counts.
pub(super) struct Electorate {
    /// Every replica, and its pod.
    hosts: BTreeMap<u64, Host>,
    /// A majority of each of these is needed.
    configs: Vec<BTreeSet<u64>>,
}

/// What a replica says of another one's claim.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opinion {
    For,
    /// Perhaps because of this leader.
    Against(Option<PodName>),
    /// It did not say.
    None,
}

impl Electorate {
    /// The voters as of what is applied.
    pub(super) fn of(state: &LogState) -> Self {
        Self {
            hosts: state
                .hosts()
                .map(|(node, host)| (node, host.clone()))
                .collect(),
            configs: state.membership.membership().get_joint_config().clone(),
        }
    }

    fn is_carried_by(&self, nodes: &BTreeSet<u64>) -> bool {
        let is_majority =
            |config: &BTreeSet<u64>| config.intersection(nodes).count() * 2 > config.len();
        self.configs.iter().all(is_majority)
    }
}

impl Group {
    /// Asks all other replicas at once until a majority of every set of voters is for it, as this one is. Otherwise: who leads,
    /// if anybody said so.
    pub(super) async fn ask_others(
        &self,
        electorate: &Electorate,
        call: &Call,
        patience: Duration,
        opinion: impl Fn(Result<Answer, Lost>) -> Opinion,
    ) -> Result<(), Option<PodName>> {
        let own = self.settings.node;
        let peers = self.settings.peers.as_ref();
        let others = electorate.hosts.iter().filter(|(node, _)| **node != own);
        let asked = others.map(|(node, Host(pod))| async move {
            let request = pb::Request {
                id: 0,
                shard: self.journal.shard().to_bytes().to_vec().into(),
                to: *node,
                call: Some(call.clone()),
            };
            let link = peers?.link(pod.as_ref()?);
            let answer = timeout(patience, link.call(request)).await.ok()?;
            Some((*node, answer))
        });
        let mut asked: FuturesUnordered<_> = asked.collect();
        let mut in_favour = BTreeSet::from([own]);
        let mut leader = None;
        // Not longer than it takes: one of them may be gone.
        while !electorate.is_carried_by(&in_favour) {
            match asked.next().await {
                Some(Some((node, answer))) => match opinion(answer) {
                    Opinion::For => {
                        in_favour.insert(node);
                    }
                    Opinion::Against(another) => leader = another.or(leader),
                    Opinion::None => {}
                },
                Some(None) => {}
                None => return Err(leader),
            }
        }
        Ok(())
    }

    /// The pod that leads instead of this one, as far as is known here.
    pub(crate) fn led_elsewhere(&self) -> Option<PodName> {
        match self.leader() {
            Leader::Other(pod) => Some(pod),
            Leader::This | Leader::Nobody => None,
        }
    }

    /// Makes sure that everything that was acknowledged before this call is applied here. Fails with
    /// [`NotLeader`](LogError::NotLeader) where another leads, or this one cannot say. The log is loaded.
    pub(crate) async fn confirm_current(&self) -> Result<(), LogError> {
        if !self.has_peers() {
            return Ok(());
        }
        let not_leader = |leader| LogError::NotLeader { leader };
        let Some((vote, electorate)) = self.claim() else {
            return Err(not_leader(self.led_elsewhere()));
        };
        let call = Call::ConfirmLeader(peers::confirm_to(&vote));
        let confirmed = self.ask_others(&electorate, &call, CONFIRM_MAX, |answer| match answer {
            Ok(Answer::Confirmed(confirmed)) if confirmed.is_followed => Opinion::For,
            Ok(Answer::Confirmed(confirmed)) => Opinion::Against(confirmed.leader.parse().ok()),
            // It cannot say. While pods are being exchanged, reads are what they were before.
            Err(lost) if lost.is_unknown_there() => Opinion::For,
            _ => Opinion::None,
        });
        confirmed.await.map_err(not_leader)?;
        // Its own word, which counted: said last, so that it covers the rest.
        match self
            .journal
            .with(|state| state.vote.is_none_or(|newest| newest <= vote))
        {
            Some(true) => Ok(()),
            Some(false) => Err(not_leader(self.led_elsewhere())),
            None => Err(LogError::Reloading),
        }
    }

    /// The vote under which this replica leads and has applied what others acknowledged before, and who votes; nothing if it does not.
    fn claim(&self) -> Option<(Vote, Electorate)> {
        let own = self.settings.node;
        let is_unborn = self.journal.with(LogState::is_unborn)?;
        if let Founding::Together(founders) = &self.founding
            && is_unborn
        {
            // As it will be born: its first founder leads, and nothing was put yet.
            let first = founders.first().filter(|first| first.node == own)?;
            let electorate = Electorate {
                hosts: hosts(founders),
                configs: vec![founders.iter().map(|founder| founder.node).collect()],
            };
            return Some((Vote::new_committed(FIRST_TERM, first.node), electorate));
        }
        let (vote, electorate) = self
            .journal
            .with(|state| (state.vote, Electorate::of(state)))?;
        let vote = vote.filter(|vote| vote.committed && vote.leader_id.node_id == own)?;
        let term = vote.leader_id.term;
        let running = self.running().clone();
        let leads = match running {
            None => self.rested_in_order(),
            Some(running) => {
                let is_leader = {
                    let metrics = running.raft.metrics();
                    let metrics = metrics.borrow_watched();
                    metrics.state == ServerState::Leader && metrics.current_term == term
                };
                let is_proposed_to = running.leader.is_some_and(|leader| leader.term == term);
                is_leader && (is_proposed_to || self.has_caught_up(term))
            }
        };
        leads.then_some((vote, electorate))
    }

    /// Says whether this replica has voted for nobody since `vote`.
    pub(super) async fn receive_confirmation(&self, vote: &Vote) -> Result<pb::Confirmed, String> {
        self.load().await.map_err(|error| error.to_string())?;
        let is_followed = self.journal.with(|state| {
            // Who joins is asked by nobody: it has not caught up with who votes.
            !state.is_joining && state.vote.is_none_or(|newest| newest <= *vote)
        });
        let is_followed = is_followed.ok_or("the log is being read again")?;
        let leader = self.leader_pod().filter(|_| !is_followed);
        Ok(pb::Confirmed {
            is_followed,
            leader: leader.map(|pod| pod.to_string()).unwrap_or_default(),
        })
    }
}
