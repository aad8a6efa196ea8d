//! The library's requests and answers as messages, and back. Pure; a message that makes no sense is refused.

use anabranch_domain::ShardUid;
use anabranch_proto::raft::{self as pb, appended::Outcome, entry::Payload as PbPayload};
use anabranch_store::{
    entry::{Entry, HEADER_LEN, Position},
    keys::LogKey,
};
use openraft::{
    EntryPayload,
    alias::{SnapshotMetaOf, SnapshotOf},
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
        VoteRequest, VoteResponse,
    },
};

use crate::replication::{
    Proposal, ShardSnapshot, SnapshotBytes, Types,
    membership_bytes::{decode_membership, encode_membership},
    types::{LogEntry, LogId, Payload, Vote, log_id, position},
};

/// A message that no process of ours sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed message: {0}")]
pub(in crate::replication) struct Malformed(&'static str);

fn vote_message(vote: &Vote) -> pb::Vote {
    pb::Vote {
        term: vote.leader_id.term,
        node: vote.leader_id.node_id,
        is_committed: vote.committed,
    }
}

pub(super) fn vote_of(vote: Option<pb::Vote>) -> Result<Vote, Malformed> {
    let vote = vote.ok_or(Malformed("vote"))?;
    Ok(if vote.is_committed {
        Vote::new_committed(vote.term, vote.node)
    } else {
        Vote::new(vote.term, vote.node)
    })
}

fn place_message(at: &LogId) -> pb::LogId {
    let at = position(at);
    pb::LogId {
        term: at.term,
        leader: at.leader,
        index: at.index,
    }
}

fn place_of(at: pb::LogId) -> LogId {
    log_id(Position {
        term: at.term,
        leader: at.leader,
        index: at.index,
    })
}

pub(in crate::replication) fn append_to(request: AppendEntriesRequest<Types>) -> pb::AppendEntries {
    pb::AppendEntries {
        vote: Some(vote_message(&request.vote)),
        previous: request.prev_log_id.as_ref().map(place_message),
        entries: request.entries.into_iter().filter_map(entry_to).collect(),
        committed: request.leader_commit.as_ref().map(place_message),
        born_ms: None,
    }
}

fn entry_to(entry: LogEntry) -> Option<pb::Entry> {
    let payload = match entry.payload {
        EntryPayload::Blank => PbPayload::Blank(true),
        EntryPayload::Membership(membership) => {
            PbPayload::Membership(encode_membership(&membership).into())
        }
        EntryPayload::Normal(Proposal::Read(stored)) => PbPayload::Stored(pb::Stored {
            header: stored.header().to_vec().into(),
            payload: stored.payload().clone(),
        }),
        // What is sent was read from the log.
        EntryPayload::Normal(Proposal::Draft(_)) => return None,
    };
    Some(pb::Entry {
        at: Some(place_message(&entry.log_id)),
        payload: Some(payload),
    })
}

pub(super) fn append_from(
    shard: ShardUid,
    request: pb::AppendEntries,
) -> Result<AppendEntriesRequest<Types>, Malformed> {
    let entries = request
        .entries
        .into_iter()
        .map(|entry| entry_from(shard, entry));
    Ok(AppendEntriesRequest {
        vote: vote_of(request.vote)?,
        prev_log_id: request.previous.map(place_of),
        entries: entries.collect::<Result<_, _>>()?,
        leader_commit: request.committed.map(place_of),
    })
}

/// Checks every stored entry again: what came over the network is as good as what lies on the disk.
fn entry_from(shard: ShardUid, entry: pb::Entry) -> Result<LogEntry, Malformed> {
    let at = place_of(entry.at.ok_or(Malformed("entry.at"))?);
    let payload = match entry.payload.ok_or(Malformed("entry.payload"))? {
        PbPayload::Blank(_) => Payload::Blank,
        PbPayload::Membership(bytes) => {
            let membership = decode_membership(&bytes);
            Payload::Membership(membership.ok_or(Malformed("entry.membership"))?)
        }
        PbPayload::Stored(stored) => {
            if stored.header.len() != HEADER_LEN {
                return Err(Malformed("entry.header"));
            }
            let key = LogKey::new(shard, at.index);
            let stored = Entry::from_parts(key, &stored.header, stored.payload)
                .map_err(|_| Malformed("entry: its checksums do not hold"))?;
            if stored.envelope().position != position(&at) {
                return Err(Malformed("entry: it stands elsewhere"));
            }
            Payload::Normal(Proposal::Read(stored))
        }
    };
    Ok(LogEntry {
        log_id: at,
        payload,
    })
}

pub(super) fn appended_to(response: &AppendEntriesResponse<Types>) -> pb::Appended {
    let outcome = |outcome: Outcome| pb::Appended {
        outcome: outcome.into(),
        ..pb::Appended::default()
    };
    match response {
        AppendEntriesResponse::Success => outcome(Outcome::Done),
        AppendEntriesResponse::PartialSuccess(matching) => pb::Appended {
            matching: matching.as_ref().map(place_message),
            ..outcome(Outcome::Partial)
        },
        AppendEntriesResponse::Conflict => outcome(Outcome::Conflict),
        AppendEntriesResponse::HigherVote(vote) => pb::Appended {
            vote: Some(vote_message(vote)),
            ..outcome(Outcome::Overtaken)
        },
    }
}

pub(in crate::replication) fn appended_from(
    response: pb::Appended,
) -> Result<AppendEntriesResponse<Types>, Malformed> {
    Ok(match response.outcome() {
        Outcome::Done => AppendEntriesResponse::Success,
        Outcome::Partial => AppendEntriesResponse::PartialSuccess(response.matching.map(place_of)),
        Outcome::Conflict => AppendEntriesResponse::Conflict,
        Outcome::Overtaken => AppendEntriesResponse::HigherVote(vote_of(response.vote)?),
    })
}

pub(in crate::replication) fn vote_to(request: &VoteRequest<Types>) -> pb::RequestVote {
    pb::RequestVote {
        vote: Some(vote_message(&request.vote)),
        last: request.last_log_id.as_ref().map(place_message),
        is_transfer: request.leadership_transfer,
        is_poll: false,
    }
}

/// Asks how a vote for `vote` would be answered.
pub(in crate::replication) fn poll_to(vote: &Vote, last: Option<Position>) -> pb::RequestVote {
    pb::RequestVote {
        vote: Some(vote_message(vote)),
        last: last.map(|last| place_message(&log_id(last))),
        is_transfer: false,
        is_poll: true,
    }
}

/// Asks whether `vote` is the newest.
pub(in crate::replication) fn confirm_to(vote: &Vote) -> pb::ConfirmLeader {
    pb::ConfirmLeader {
        vote: Some(vote_message(vote)),
    }
}

pub(super) fn vote_from(request: pb::RequestVote) -> Result<VoteRequest<Types>, Malformed> {
    let mut vote = VoteRequest::new(vote_of(request.vote)?, request.last.map(place_of));
    vote.leadership_transfer = request.is_transfer;
    Ok(vote)
}

pub(super) fn voted_to(response: &VoteResponse<Types>) -> pb::Voted {
    pb::Voted {
        vote: Some(vote_message(&response.vote)),
        is_granted: response.vote_granted,
        last: response.last_log_id.as_ref().map(place_message),
        leader: String::new(),
        is_joining: false,
    }
}

pub(in crate::replication) fn voted_from(
    response: &pb::Voted,
) -> Result<VoteResponse<Types>, Malformed> {
    let last = response.last.map(place_of);
    Ok(VoteResponse::new(
        vote_of(response.vote)?,
        last,
        response.is_granted,
    ))
}

pub(in crate::replication) fn snapshot_to(
    vote: &Vote,
    snapshot: SnapshotOf<Types, SnapshotBytes>,
) -> pb::InstallSnapshot {
    pb::InstallSnapshot {
        vote: Some(vote_message(vote)),
        facts: snapshot.snapshot.0.into(),
    }
}

pub(super) fn snapshot_from(
    shard: ShardUid,
    request: &pb::InstallSnapshot,
) -> Result<(Vote, SnapshotOf<Types, SnapshotBytes>), Malformed> {
    let facts = ShardSnapshot::decode(shard, &request.facts);
    let facts = facts.map_err(|_| Malformed("snapshot.facts"))?;
    let meta = SnapshotMetaOf::<Types> {
        last_log_id: facts.position.map(log_id),
        last_membership: facts.membership.clone(),
    };
    let snapshot = SnapshotBytes(request.facts.to_vec());
    Ok((
        vote_of(request.vote)?,
        SnapshotOf::<Types, SnapshotBytes> { meta, snapshot },
    ))
}

pub(super) fn installed_to(response: &SnapshotResponse<Types>) -> pb::Vote {
    vote_message(&response.vote)
}

pub(in crate::replication) fn installed_from(
    vote: pb::Vote,
) -> Result<SnapshotResponse<Types>, Malformed> {
    Ok(SnapshotResponse::new(vote_of(Some(vote))?))
}

pub(in crate::replication) fn transfer_to(
    request: &TransferLeaderRequest<Types>,
) -> pb::TransferLeader {
    pb::TransferLeader {
        from: Some(vote_message(request.from_leader())),
        to: *request.to_node_id(),
        last: request.last_log_id().map(place_message),
    }
}

pub(super) fn transfer_from(
    request: pb::TransferLeader,
) -> Result<TransferLeaderRequest<Types>, Malformed> {
    let from = vote_of(request.from)?;
    Ok(TransferLeaderRequest::new(
        from,
        request.to,
        request.last.map(place_of),
    ))
}
