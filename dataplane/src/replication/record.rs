//! The small values kept for a group beside its log. Format 1, numbers big-endian, a crc32c of everything before it last.
//!
//! ```text
//! vote      = 1 ‖ term u64 ‖ node u64 ‖ committed u8 ‖ crc
//! birth     = 1 ‖ phase u8 ‖ arrival floor u64 ‖ node u64 ‖ crc
//! purged, committed = 1 ‖ position ‖ crc                        position = term u64 ‖ leader u64 ‖ index u64
//! snapshot  = 1 ‖ maybe ‖ next ordinal u64 ‖ last arrival u64 ‖ phase u8 ‖ epoch u64      maybe = 0 | 1 ‖ position
//!               ‖ maybe of the membership ‖ membership length u16 ‖ membership ‖ child index u32 … ‖ crc
//! ```
//!
//! The shard is part of the checksum and not of the bytes, as in log entries.

use super::{
    Birth,
    membership_bytes::{decode_membership, encode_membership},
    types::{Membership, StoredMembership, Vote, log_id, position},
};
use anabranch_domain::{ShardId, ShardPhase, ShardUid, Timestamp};
use anabranch_store::entry::Position;
use bytes::{Buf, BufMut};

const FORMAT: u8 = 1;

/// Bytes of a small value that are not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {item} of shard {shard} is damaged or of a newer release")]
pub(crate) struct BadRecord {
    item: &'static str,
    shard: ShardUid,
}

fn sealed(shard: ShardUid, mut body: Vec<u8>) -> Vec<u8> {
    let crc = checksum(shard, &body);
    body.put_u32(crc);
    body
}

fn checksum(shard: ShardUid, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&shard.to_bytes()), body)
}

/// The body of `bytes` without format and checksum, both checked.
fn opened<'a>(item: &'static str, shard: ShardUid, bytes: &'a [u8]) -> Result<&'a [u8], BadRecord> {
    let body = bytes
        .split_last_chunk::<4>()
        .filter(|(body, crc)| checksum(shard, body) == u32::from_be_bytes(**crc));
    match body.and_then(|(body, _)| body.split_first()) {
        Some((&FORMAT, rest)) => Ok(rest),
        _ => Err(BadRecord { item, shard }),
    }
}

fn put_position(bytes: &mut Vec<u8>, position: Position) {
    bytes.put_u64(position.term);
    bytes.put_u64(position.leader);
    bytes.put_u64(position.index);
}

fn get_position(bytes: &mut &[u8]) -> Option<Position> {
    let term = bytes.try_get_u64().ok()?;
    let leader = bytes.try_get_u64().ok()?;
    let index = bytes.try_get_u64().ok()?;
    Some(Position {
        term,
        leader,
        index,
    })
}

fn put_maybe(bytes: &mut Vec<u8>, position: Option<Position>) {
    bytes.put_u8(u8::from(position.is_some()));
    if let Some(position) = position {
        put_position(bytes, position);
    }
}

/// What [`put_maybe`] put; an error when it put nothing of the kind.
fn get_maybe(bytes: &mut &[u8]) -> Result<Option<Position>, ()> {
    match bytes.try_get_u8() {
        Ok(0) => Ok(None),
        Ok(1) => get_position(bytes).map(Some).ok_or(()),
        _ => Err(()),
    }
}

pub(super) fn encode_vote(shard: ShardUid, vote: &Vote) -> Vec<u8> {
    let mut body = vec![FORMAT];
    body.put_u64(vote.leader_id.term);
    body.put_u64(vote.leader_id.node_id);
    body.put_u8(u8::from(vote.committed));
    sealed(shard, body)
}

pub(super) fn decode_vote(shard: ShardUid, bytes: &[u8]) -> Result<Vote, BadRecord> {
    let bad = BadRecord {
        item: "vote",
        shard,
    };
    let body: &[u8; 17] = opened("vote", shard, bytes)?
        .try_into()
        .map_err(|_| bad.clone())?;
    let mut body = &body[..];
    let (term, node, committed) = (body.get_u64(), body.get_u64(), body.get_u8());
    match committed {
        0 => Ok(Vote::new(term, node)),
        1 => Ok(Vote::new_committed(term, node)),
        _ => Err(bad),
    }
}

pub(super) fn encode_birth(shard: ShardUid, birth: Birth, node: u64) -> Vec<u8> {
    let mut body = vec![FORMAT, birth.phase.code()];
    body.put_u64(birth.arrival_floor.as_millis());
    body.put_u64(node);
    sealed(shard, body)
}

/// A position that is kept alone: where the log was trimmed to, or how far it is known to be committed.
pub(super) fn encode_position(shard: ShardUid, position: Position) -> Vec<u8> {
    let mut body = vec![FORMAT];
    put_position(&mut body, position);
    sealed(shard, body)
}

pub(super) fn decode_position(
    item: &'static str,
    shard: ShardUid,
    bytes: &[u8],
) -> Result<Position, BadRecord> {
    let mut body = opened(item, shard, bytes)?;
    let found = get_position(&mut body).filter(|_| body.is_empty());
    found.ok_or(BadRecord { item, shard })
}

/// A shard's integers as of one log position: the snapshot that a replica gets, and what recovery begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShardSnapshot {
    /// The last log entry that is in it; none before the first was applied.
    pub(crate) position: Option<Position>,
    /// The ordinal that the next record gets.
    pub(crate) next_ordinal: u64,
    /// No record arrives before this.
    pub(crate) last_arrival: Timestamp,
    /// Whether the shard takes records.
    pub(crate) phase: ShardPhase,
    /// The epoch of the last seal or activation.
    pub(crate) epoch: u64,
    /// Where the records go on, once it is sealed.
    pub(crate) children: Vec<ShardId>,
    /// The voters.
    pub(super) membership: StoredMembership,
}

impl ShardSnapshot {
    /// The bytes on disk and on the way to another replica.
    pub(super) fn encode(&self, shard: ShardUid) -> Vec<u8> {
        let mut body = vec![FORMAT];
        put_maybe(&mut body, self.position);
        body.put_u64(self.next_ordinal);
        body.put_u64(self.last_arrival.as_millis());
        body.put_u8(self.phase.code());
        body.put_u64(self.epoch);
        put_maybe(&mut body, self.membership.log_id().as_ref().map(position));
        let membership = encode_membership(self.membership.membership());
        body.put_u16(
            u16::try_from(membership.len()).expect("a handful of voters is a few hundred bytes"),
        );
        body.put_slice(&membership);
        for child in &self.children {
            body.put_u32(child.index());
        }
        sealed(shard, body)
    }

    /// The snapshot that `bytes` are.
    pub(super) fn decode(shard: ShardUid, bytes: &[u8]) -> Result<Self, BadRecord> {
        let body = opened("snapshot", shard, bytes)?;
        Self::parse(body).ok_or(BadRecord {
            item: "snapshot",
            shard,
        })
    }

    fn parse(mut body: &[u8]) -> Option<Self> {
        let position = get_maybe(&mut body).ok()?;
        let next_ordinal = body.try_get_u64().ok()?;
        let last_arrival = Timestamp::from_millis(body.try_get_u64().ok()?);
        let phase = ShardPhase::from_code(body.try_get_u8().ok()?)?;
        let epoch = body.try_get_u64().ok()?;
        let membership_position = get_maybe(&mut body).ok()?;
        let membership_len = usize::from(body.try_get_u16().ok()?);
        let (membership, children) = body.split_at_checked(membership_len)?;
        let membership: Membership = decode_membership(membership)?;
        let (children, rest) = children.as_chunks::<4>();
        let child = |bytes: &[u8; 4]| ShardId::new(u32::from_be_bytes(*bytes)).ok();
        let children = children
            .iter()
            .map(child)
            .collect::<Option<Vec<_>>>()
            .filter(|_| rest.is_empty())?;
        let membership = StoredMembership::new(membership_position.map(log_id), membership);
        Some(Self {
            position,
            next_ordinal,
            last_arrival,
            phase,
            epoch,
            children,
            membership,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const SHARD: ShardUid = ShardUid::from_bits(7);

    fn snapshot() -> ShardSnapshot {
        let voters = Membership::new_with_defaults(vec![BTreeSet::from([3])], []);
        ShardSnapshot {
            position: Some(Position {
                term: 1,
                leader: 3,
                index: 9,
            }),
            next_ordinal: 77,
            last_arrival: Timestamp::from_millis(1_234),
            phase: ShardPhase::Sealed,
            epoch: 5,
            children: [4, 5]
                .map(|index| ShardId::new(index).expect("in range"))
                .to_vec(),
            membership: StoredMembership::new(
                Some(log_id(Position {
                    term: 1,
                    leader: 3,
                    index: 0,
                })),
                voters,
            ),
        }
    }

    #[test]
    fn small_values_go_round() {
        for vote in [Vote::new(4, 2), Vote::new_committed(1, 9)] {
            assert_eq!(decode_vote(SHARD, &encode_vote(SHARD, &vote)), Ok(vote));
        }
        let purged = Position {
            term: 2,
            leader: 1,
            index: 40,
        };
        assert_eq!(
            decode_position("purged", SHARD, &encode_position(SHARD, purged)),
            Ok(purged)
        );
        assert_eq!(
            ShardSnapshot::decode(SHARD, &snapshot().encode(SHARD)),
            Ok(snapshot())
        );
    }

    #[test]
    fn another_shards_value_is_damaged() {
        let other = ShardUid::from_bits(8);
        assert!(ShardSnapshot::decode(other, &snapshot().encode(SHARD)).is_err());
        assert!(decode_vote(other, &encode_vote(SHARD, &Vote::new(1, 1))).is_err());
    }

    proptest! {
        #[test]
        fn changed_bytes_are_errors(at in 0_usize..60, flip in 1_u8..) {
            let mut bytes = snapshot().encode(SHARD);
            bytes[at] ^= flip;
            prop_assert!(ShardSnapshot::decode(SHARD, &bytes).is_err());
        }

        #[test]
        fn any_bytes_are_errors_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(ShardSnapshot::decode(SHARD, &bytes).is_err());
            prop_assert!(decode_vote(SHARD, &bytes).is_err());
            prop_assert!(decode_position("purged", SHARD, &bytes).is_err());
        }
    }
}
