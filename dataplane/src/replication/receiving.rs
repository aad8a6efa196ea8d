//! What comes from other replicas: entries, votes, polls, snapshots and leaderships, given to the group here.
//!
//! A message starts a group that rests; one that finds a group that cannot go on has it read again from the disk.

use anabranch_domain::{PodName, Timestamp};
use openraft::{
    Raft, ServerState,
    alias::{SnapshotOf, VoteOf},
    async_runtime::WatchReceiver as _,
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
        VoteRequest, VoteResponse,
    },
};
use tokio::time::Instant;

use super::{
    Group, SnapshotBytes, StateMachine, Types,
    leadership::Leader,
    types::{Vote, log_id},
};

impl Group {
    async fn receiving(&self) -> Result<Raft<Types, StateMachine>, String> {
        self.doubts().heard = Some(Instant::now());
        if let Some(running) = &*self.running() {
            return Ok(running.raft.clone());
        }
        let _one_at_a_time = self.changing.lock().await;
        self.running_raft().await.map_err(|error| error.to_string())
    }

    /// Entries from a leader; where the first one is among them, it says when that is from.
    pub(super) async fn receive_entries(
        &self,
        request: AppendEntriesRequest<Types>,
        born: Option<Timestamp>,
    ) -> Result<AppendEntriesResponse<Types>, String> {
        if !is_whole(&request) {
            return Err("entries are missing among those that were sent".to_owned());
        }
        let raft = self.receiving().await?;
        if let Some(born) = born {
            self.journal.set_born_at(born);
        }
        {
            let mut doubts = self.doubts();
            doubts.is_candidate = false;
            doubts.leaderless_since = None;
        }
        let (term, committed) = (request.vote.leader_id.term, request.leader_commit);
        match raft.append_entries(request).await {
            Ok(response) => {
                if matches!(response, AppendEntriesResponse::Success) {
                    self.end_joining(term, committed).await?;
                }
                Ok(response)
            }
            Err(error) => Err(self.failed(&raft, &error).await),
        }
    }

    /// A candidate. Nobody who hears the leader votes for another, unless the leader itself asked for it: a candidate that is
    /// cut off from it must not depose it.
    pub(super) async fn receive_vote(
        &self,
        request: VoteRequest<Types>,
    ) -> Result<VoteResponse<Types>, String> {
        let raft = self.receiving().await?;
        let candidate = request.vote.leader_id.node_id;
        let is_bound =
            !request.leadership_transfer && self.follows_another_than(candidate, &raft).is_some();
        if is_bound || self.is_joining() {
            let known = self.journal.with(|state| (state.vote, state.last));
            let (vote, last) = known.ok_or("the log is being read again")?;
            let vote = vote.unwrap_or_else(|| Vote::new(0, self.settings.node));
            return Ok(VoteResponse::new(vote, last.map(log_id), false));
        }
        // What the library's own lease would forbid was just decided.
        let request = VoteRequest {
            leadership_transfer: true,
            ..request
        };
        let response = raft.vote(request).await;
        match response {
            Ok(response) => Ok(response),
            Err(error) => Err(self.failed(&raft, &error).await),
        }
    }

    /// How a vote would be answered, and who leads if that is why it would be refused.
    pub(super) async fn receive_poll(
        &self,
        request: &VoteRequest<Types>,
    ) -> Result<(bool, Option<PodName>), String> {
        let raft = self.receiving().await?;
        let candidate = request.vote.leader_id.node_id;
        if let Some(leader) = self.follows_another_than(candidate, &raft) {
            return Ok((false, Some(leader)));
        }
        if self.is_joining() {
            return Ok((false, None));
        }
        if self.leader() == Leader::This {
            self.doubts().is_asked_for = true;
        }
        let known = self.journal.with(|state| (state.vote, state.last));
        let (vote, last) = known.ok_or("the log is being read again")?;
        if vote.is_some_and(|vote| vote.committed && vote.leader_id.node_id == candidate) {
            // Whoever led until now asks: so it does not lead.
            self.doubts().is_candidate = true;
        }
        Ok((request.last_log_id >= last.map(log_id), None))
    }

    /// The leader that this replica holds to, against `candidate`.
    fn follows_another_than(
        &self,
        candidate: u64,
        raft: &Raft<Types, StateMachine>,
    ) -> Option<PodName> {
        let is_led_from_here = raft.metrics().borrow_watched().state == ServerState::Leader;
        if is_led_from_here {
            return self
                .settings
                .peers
                .as_ref()
                .map(|peers| peers.pod().clone());
        }
        let vote = self.journal.with(|state| state.vote).flatten();
        match self.leader() {
            Leader::Other(pod) if vote.is_some_and(|vote| vote.leader_id.node_id != candidate) => {
                Some(pod)
            }
            _ => None,
        }
    }

    /// What is said of a request that failed. A group that cannot go on is read again from the disk.
    async fn failed(
        &self,
        raft: &Raft<Types, StateMachine>,
        error: &impl std::fmt::Display,
    ) -> String {
        let has_stopped = raft.metrics().borrow_watched().running_state.is_err();
        if has_stopped {
            tracing::warn!(shard = %self.journal.shard(), %error, "a replica stopped, and is read again");
            self.stop_failed().await;
        }
        error.to_string()
    }

    /// A leader's snapshot.
    pub(super) async fn receive_snapshot(
        &self,
        vote: VoteOf<Types>,
        snapshot: SnapshotOf<Types, SnapshotBytes>,
    ) -> Result<SnapshotResponse<Types>, String> {
        let raft = self.receiving().await?;
        match raft.install_full_snapshot(vote, snapshot).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.failed(&raft, &error).await),
        }
    }

    /// A leader that hands over. Says why that is not taken up; nothing if it is.
    pub(super) async fn receive_transfer(
        &self,
        request: TransferLeaderRequest<Types>,
    ) -> Result<String, String> {
        let raft = self.receiving().await?;
        if self.is_joining() {
            return Ok("this replica lacks what was agreed on before it joined".to_owned());
        }
        let taken = raft.handle_transfer_leader(request).await;
        let taken = taken.map_err(|error| error.to_string())?;
        Ok(taken
            .err()
            .map(|refused| refused.to_string())
            .unwrap_or_default())
    }
}

/// Whether each entry follows the one before it, and the first the one that they are to be added after: the library takes what it is
/// given, and a hole that no record shows would never be found.
fn is_whole(request: &AppendEntriesRequest<Types>) -> bool {
    let begins = request.prev_log_id.map_or(0, |previous| previous.index + 1);
    let entries = request.entries.iter();
    (begins..)
        .zip(entries)
        .all(|(index, entry)| entry.log_id.index == index)
}

#[cfg(test)]
mod tests {
    use anabranch_store::entry::Position;
    use openraft::EntryPayload;

    use super::super::types::LogEntry;
    use super::*;

    #[test]
    fn entries_that_leave_one_out_are_not_taken() {
        let at = |index| {
            log_id(Position {
                term: 1,
                leader: 7,
                index,
            })
        };
        for (previous, indexes, is_taken) in [
            (None, &[][..], true),
            (None, &[0, 1], true),
            (Some(4), &[], true),
            (Some(4), &[5, 6, 7], true),
            (None, &[2, 3], false),
            (Some(4), &[6], false),
            (Some(4), &[5, 7], false),
            (Some(4), &[4, 5], false),
        ] {
            let entry = |index: &u64| LogEntry {
                log_id: at(*index),
                payload: EntryPayload::Blank,
            };
            let request = AppendEntriesRequest {
                vote: Vote::new_committed(1, 7),
                prev_log_id: previous.map(at),
                entries: indexes.iter().map(entry).collect(),
                leader_commit: None,
            };
            assert_eq!(is_whole(&request), is_taken, "{previous:?} {indexes:?}");
        }
    }
}
