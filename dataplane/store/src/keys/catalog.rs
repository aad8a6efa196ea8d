//! Catalog keys: `kind (1) ‖ identity`. Names come last and run to the end of the key, so none needs a length.

use anabranch_domain::{ShardId, StreamUid};

use super::InvalidKey;
use crate::{Family, KeyRange};

/// One object of the local catalog. The kinds' numbers are on disk and never used again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CatalogKey {
    /// `1`: the account and its settings.
    Account,
    /// `2 ‖ name`: a stream.
    Stream(String),
    /// `3 ‖ stream uid (16) ‖ shard index (4)`: a shard.
    Shard(StreamUid, ShardId),
    /// `4 ‖ stream uid (16) ‖ name`: a registered consumer.
    Consumer(StreamUid, String),
    /// `5 ‖ stream uid (16) ‖ number (8)`: a reshard of a stream, running or kept as history.
    Reshard(StreamUid, u64),
    /// `6 ‖ name`: a fact of the installation that is made once, such as the key that seals tokens.
    Installation(String),
}

const ACCOUNT: u8 = 1;
const STREAM: u8 = 2;
const SHARD: u8 = 3;
const CONSUMER: u8 = 4;
const RESHARD: u8 = 5;
const INSTALLATION: u8 = 6;

impl CatalogKey {
    /// The bytes on disk.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Account => vec![ACCOUNT],
            Self::Stream(name) => [&[STREAM], name.as_bytes()].concat(),
            Self::Shard(stream, shard) => [
                &[SHARD][..],
                &stream.to_bytes()[..],
                &shard.index().to_be_bytes()[..],
            ]
            .concat(),
            Self::Consumer(stream, name) => {
                [&[CONSUMER][..], &stream.to_bytes()[..], name.as_bytes()].concat()
            }
            Self::Reshard(stream, number) => [
                &[RESHARD][..],
                &stream.to_bytes()[..],
                &number.to_be_bytes()[..],
            ]
            .concat(),
            Self::Installation(name) => [&[INSTALLATION], name.as_bytes()].concat(),
        }
    }

    /// The key that `bytes` are.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let invalid = |reason| InvalidKey::new(Family::Catalog, bytes, reason);
        let text = |bytes: &[u8]| match str::from_utf8(bytes) {
            Ok("") => Err(invalid("an empty name")),
            Ok(name) => Ok(name.to_owned()),
            Err(_) => Err(invalid("a name that is not UTF-8")),
        };
        let short = || invalid("too short or too long");
        let (&kind, identity) = bytes.split_first().ok_or_else(short)?;
        match kind {
            ACCOUNT if identity.is_empty() => Ok(Self::Account),
            ACCOUNT => Err(short()),
            STREAM => text(identity).map(Self::Stream),
            SHARD => {
                let (stream, index) = identity.split_first_chunk::<16>().ok_or_else(short)?;
                let index = u32::from_be_bytes(index.try_into().map_err(|_| short())?);
                let shard =
                    ShardId::new(index).map_err(|_| invalid("a shard index past the last"))?;
                Ok(Self::Shard(StreamUid::from_bytes(*stream), shard))
            }
            CONSUMER => {
                let (stream, name) = identity.split_first_chunk::<16>().ok_or_else(short)?;
                Ok(Self::Consumer(StreamUid::from_bytes(*stream), text(name)?))
            }
            RESHARD => {
                let (stream, number) = identity.split_first_chunk::<16>().ok_or_else(short)?;
                let number = u64::from_be_bytes(number.try_into().map_err(|_| short())?);
                Ok(Self::Reshard(StreamUid::from_bytes(*stream), number))
            }
            INSTALLATION => text(identity).map(Self::Installation),
            _ => Err(invalid("unknown kind")),
        }
    }

    /// Every object of the catalog.
    pub fn everything() -> KeyRange {
        KeyRange::prefix([])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_key() -> impl Strategy<Value = CatalogKey> {
        let stream = any::<u128>().prop_map(StreamUid::from_bits);
        let shard =
            (0..=ShardId::INDEX_MAX).prop_map(|index| ShardId::new(index).expect("in range"));
        let name = "[a-zA-Z0-9_.-]{1,128}";
        prop_oneof![
            Just(CatalogKey::Account),
            name.prop_map(CatalogKey::Stream),
            (stream.clone(), shard).prop_map(|(stream, shard)| CatalogKey::Shard(stream, shard)),
            (stream.clone(), name).prop_map(|(stream, name)| CatalogKey::Consumer(stream, name)),
            (stream, any::<u64>()).prop_map(|(stream, number)| CatalogKey::Reshard(stream, number)),
            name.prop_map(CatalogKey::Installation),
        ]
    }

    proptest! {
        #[test]
        fn bytes_go_round(key in any_key()) {
            prop_assert_eq!(CatalogKey::decode(&key.encode()), Ok(key));
        }

        #[test]
        fn byte_order_is_the_order_of_the_keys(a in any_key(), b in any_key()) {
            prop_assert_eq!(a.encode().cmp(&b.encode()), a.cmp(&b));
        }

        #[test]
        fn malformed_bytes_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(key) = CatalogKey::decode(&bytes) {
                prop_assert_eq!(key.encode(), bytes);
            }
        }
    }
}
