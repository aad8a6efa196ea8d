//! A replica that joins a group that is there already.
//!
//! Its log is filled from the front, and on the way it believes each set of voters that the group ever had. Among them may be one
//! with itself in it: a disk that had the shard before, was let go of and comes back is known by the same number, so that a log
//! filled half-way may say that this replica alone is the majority. Were it to believe that, it would be elected by itself, and
//! what the others acknowledged since would be lost. Nor may it vote: what it promised when it was here before is forgotten.
//!
//! **Invariant:** while [`RaftItem::Joining`] is on the disk, which it is before the first entry is, this replica votes for nobody, is
//! elected by nobody and says of nobody that they vote. It goes when everything is applied here that a leader, in its own term, said was committed: that
//! is all that was agreed on before this replica was asked to join, the voters without it among it.
//! (Ongaro, *Consensus: Bridging Theory and Practice*, §4: servers are known by numbers that are not used again, or keep their disks.)

use std::time::Duration;

use anabranch_proto::raft::{self as pb, request::Call, response::Answer};
use anabranch_store::{Family, WriteSet, commit, keys::RaftItem};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    Group, LogError, ReplicaId, peers,
    types::{LogId, Vote},
};

/// A replica says at once how far it is.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// How long the library may take to apply what is committed and on the disk.
const APPLYING_MAX: Duration = Duration::from_secs(2);

impl Group {
    /// Whether this replica lacks what was agreed on before it joined.
    pub(super) fn is_joining(&self) -> bool {
        self.journal.with(|state| state.is_joining) == Some(true)
    }

    /// Before anything of the group is on this disk.
    pub(super) async fn begin_joining(&self) -> Result<(), LogError> {
        let mut set = WriteSet::new();
        set.put_critical(
            Family::Raft,
            self.journal.key(RaftItem::Joining),
            Vec::new(),
        );
        commit(&**self.journal.store(), set).await?;
        self.journal.with_mut(|state| state.is_joining = true);
        Ok(())
    }

    /// After entries of the leader of `term`, to whom everything up to `committed` was agreed on.
    pub(super) async fn end_joining(
        &self,
        term: u64,
        committed: Option<LogId>,
    ) -> Result<(), String> {
        // A leader that has nothing of its own term committed may not know of everything that is.
        let Some(committed) = committed.filter(|at| at.committed_leader_id().term == term) else {
            return Ok(());
        };
        let is_there = |at: Option<anabranch_store::entry::Position>| {
            at.is_some_and(|at| at.index >= committed.index())
        };
        let has_all = self
            .journal
            .with(|state| state.is_joining && is_there(state.last));
        if has_all != Some(true) {
            return Ok(());
        }
        let deadline = Instant::now() + APPLYING_MAX;
        loop {
            let advanced = self.journal.advanced().notified();
            if self.journal.with(|state| is_there(state.applied)) == Some(true) {
                break;
            }
            if timeout_at(deadline, advanced).await.is_err() {
                // Not acknowledged, so it is sent again: whoever counts this replica in may count on it.
                return Err(format!("not applied within {APPLYING_MAX:?}"));
            }
        }
        let mut set = WriteSet::new();
        set.delete(Family::Raft, self.journal.key(RaftItem::Joining));
        let written = commit(&**self.journal.store(), set).await;
        written.map_err(|error| error.to_string())?;
        self.journal.with_mut(|state| state.is_joining = false);
        tracing::info!(shard = %self.journal.shard(), index = committed.index(), "a replica has joined");
        Ok(())
    }

    /// Whether `replica` says that it has what was agreed on before it joined. Before that it must not become a voter: it would
    /// be counted, and vote for nobody.
    pub(super) async fn has_joined(&self, replica: &ReplicaId) -> bool {
        let Some(peers) = &self.settings.peers else {
            return false;
        };
        // Nobody's candidacy: asked only for what else is in the answer.
        let vote = Vote::new(0, replica.node);
        let request = pb::Request {
            id: 0,
            shard: self.journal.shard().to_bytes().to_vec().into(),
            to: replica.node,
            call: Some(Call::RequestVote(peers::poll_to(&vote, None))),
        };
        let answer = timeout(ANSWER_MAX, peers.link(&replica.pod).call(request)).await;
        matches!(answer, Ok(Ok(Answer::Voted(voted))) if !voted.is_joining)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use anabranch_domain::{ShardUid, Timestamp};
    use anabranch_store::MemoryStore;
    use openraft::raft::VoteRequest;

    use super::*;
    use crate::replication::{Birth, Founding, GroupSettings, Journal, TailCache};

    #[tokio::test]
    async fn a_replica_that_joins_votes_for_nobody_until_it_has_joined() {
        let journal = Journal::new(
            ShardUid::from_bits(42),
            Birth::open(Timestamp::EPOCH),
            Arc::new(MemoryStore::new()),
            Arc::new(TailCache::new(1 << 20)),
        );
        let group = Group::new(journal, GroupSettings::one_voter(7), Founding::Joining);
        let candidate = |node| VoteRequest::new(Vote::new(5, node), None);
        let is_voted_for = async |node| {
            let answer = group.receive_vote(candidate(node)).await;
            answer.expect("it runs").vote_granted
        };
        let polled = group.receive_poll(&candidate(8)).await.expect("it runs");
        assert_eq!(polled, (false, None));
        assert!(!is_voted_for(8).await);
        group.journal.with_mut(|state| state.is_joining = false);
        let polled = group.receive_poll(&candidate(9)).await.expect("it runs");
        assert_eq!(polled, (true, None));
        assert!(is_voted_for(9).await);
        assert!(!is_voted_for(8).await, "it has one vote a term");
        group.end().await;
    }
}
