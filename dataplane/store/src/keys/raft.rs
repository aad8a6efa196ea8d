//! Raft keys: `shard uid (16) ‖ item (1)`: the small values a group must find again besides its log.

use anabranch_domain::ShardUid;

use super::InvalidKey;
use crate::{Family, KeyRange};

/// What is kept for a group. The numbers are on disk and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RaftItem {
    /// How the group was born: written first, so that a scan of it lists the groups of this disk.
    Birth = 1,
    /// The vote: term and whom it was given to.
    Vote = 2,
    /// The last position known to be committed.
    Committed = 3,
    /// The last position trimmed from the log's front.
    Purged = 4,
    /// The last snapshot's facts.
    Snapshot = 5,
    /// There while a replica that joins a group lacks what the group had agreed on before: it neither votes nor leads. Empty.
    Joining = 6,
}

impl RaftItem {
    /// Every item, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Birth,
        Self::Vote,
        Self::Committed,
        Self::Purged,
        Self::Snapshot,
        Self::Joining,
    ];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|item| *item as u8 == number)
    }
}

/// Where one of a group's small values lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RaftKey {
    /// Whose.
    pub shard: ShardUid,
    /// Which.
    pub item: RaftItem,
}

impl RaftKey {
    /// Bytes of every Raft key.
    pub const LEN: usize = 17;

    /// The key of `item` of `shard`.
    pub const fn new(shard: ShardUid, item: RaftItem) -> Self {
        Self { shard, item }
    }

    /// The bytes on disk.
    pub fn encode(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..16].copy_from_slice(&self.shard.to_bytes());
        bytes[16] = self.item as u8;
        bytes
    }

    /// The key that `bytes` are.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let invalid = |reason| InvalidKey::new(Family::Raft, bytes, reason);
        let whole: &[u8; Self::LEN] = bytes.try_into().map_err(|_| invalid("not 17 bytes long"))?;
        let (shard, item) = whole.split_first_chunk::<16>().expect("17 bytes hold 16");
        let item = RaftItem::from_number(item[0]).ok_or_else(|| invalid("unknown item"))?;
        Ok(Self {
            shard: ShardUid::from_bytes(*shard),
            item,
        })
    }

    /// Everything kept for `shard`.
    pub fn all(shard: ShardUid) -> KeyRange {
        KeyRange::prefix(shard.to_bytes())
    }

    /// Everything kept for any shard.
    pub fn everything() -> KeyRange {
        KeyRange::prefix([])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_go_round(shard: u128, item in 0..RaftItem::ALL.len()) {
            let key = RaftKey::new(ShardUid::from_bits(shard), RaftItem::ALL[item]);
            prop_assert_eq!(RaftKey::decode(&key.encode()), Ok(key));
            prop_assert!(RaftKey::all(key.shard).contains(&key.encode()));
        }

        #[test]
        fn malformed_bytes_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(key) = RaftKey::decode(&bytes) {
                prop_assert_eq!(&key.encode()[..], &bytes[..]);
            }
        }
    }
}
