//! Log keys: `shard uid (16) ‖ log index (8)`. A shard's entries lie together, in the order of their index.

use anabranch_domain::ShardUid;

use super::InvalidKey;
use crate::{Family, KeyRange};

/// Where one log entry lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// Whose log.
    pub shard: ShardUid,
    /// Which entry.
    pub index: u64,
}

impl LogKey {
    /// Bytes of every log key.
    pub const LEN: usize = 24;

    /// The key of entry `index` of `shard`.
    pub const fn new(shard: ShardUid, index: u64) -> Self {
        Self { shard, index }
    }

    /// The bytes on disk.
    pub fn encode(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..16].copy_from_slice(&self.shard.to_bytes());
        bytes[16..].copy_from_slice(&self.index.to_be_bytes());
        bytes
    }

    /// The key that `bytes` are.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let wrong = |_| InvalidKey::new(Family::Log, bytes, "not 24 bytes long");
        let bytes: &[u8; Self::LEN] = bytes.try_into().map_err(wrong)?;
        let (shard, index) = bytes.split_first_chunk::<16>().expect("24 bytes hold 16");
        let index = index.try_into().expect("24 - 16 are 8");
        Ok(Self {
            shard: ShardUid::from_bytes(*shard),
            index: u64::from_be_bytes(index),
        })
    }

    /// The whole log of `shard`.
    pub fn all(shard: ShardUid) -> KeyRange {
        KeyRange::prefix(shard.to_bytes())
    }

    /// The entries of `shard` from index `first` on.
    pub fn from(shard: ShardUid, first: u64) -> KeyRange {
        KeyRange::new(Self::new(shard, first).encode(), Self::all(shard).end())
    }

    /// The entries of `shard` with indexes `first..end`.
    pub fn between(shard: ShardUid, first: u64, end: u64) -> KeyRange {
        KeyRange::new(
            Self::new(shard, first).encode(),
            Self::new(shard, end).encode(),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_go_round_and_keep_the_order(a: (u128, u64), b: (u128, u64)) {
            let [a, b] = [a, b].map(|(shard, index)| LogKey::new(ShardUid::from_bits(shard), index));
            prop_assert_eq!(LogKey::decode(&a.encode()), Ok(a));
            prop_assert_eq!(a.encode().cmp(&b.encode()), a.cmp(&b));
        }

        #[test]
        fn other_lengths_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(LogKey::decode(&bytes).is_ok(), bytes.len() == LogKey::LEN);
        }
    }

    #[test]
    fn a_range_holds_its_entries_only() {
        let shard = ShardUid::from_bits(u128::MAX);
        assert!(LogKey::all(shard).contains(&LogKey::new(shard, u64::MAX).encode()));
        assert!(LogKey::from(shard, 5).contains(&LogKey::new(shard, u64::MAX).encode()));
        assert!(!LogKey::from(shard, 5).contains(&LogKey::new(shard, 4).encode()));
        assert!(!LogKey::between(shard, 5, 7).contains(&LogKey::new(shard, 7).encode()));
        assert!(
            !LogKey::all(ShardUid::from_bits(1))
                .contains(&LogKey::new(ShardUid::from_bits(2), 0).encode())
        );
    }
}
