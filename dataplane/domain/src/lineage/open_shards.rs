//! Which shard takes which hash key: the routing table of one stream, made once for each change of its shards.
//!
//! **Invariant:** its ranges tile the ring, so every hash key has exactly one shard. There is no other way to make one.

use thiserror::Error;

use crate::{HashKey, HashKeyRange, ShardId};

/// The shards that take records, in the order of their hash keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenShards {
    /// Where each shard's range begins. Apart from the ids, so that a search touches few cache lines.
    starts: Vec<HashKey>,
    ids: Vec<ShardId>,
}

/// Ranges that leave a gap, overlap, or do not reach around the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the hash key ranges do not tile the ring")]
pub struct TilingBroken;

impl OpenShards {
    /// The table of these shards, in any order.
    pub fn new(
        shards: impl IntoIterator<Item = (HashKeyRange, ShardId)>,
    ) -> Result<Self, TilingBroken> {
        let mut shards: Vec<_> = shards.into_iter().collect();
        shards.sort_unstable_by_key(|(range, _)| range.start());
        if !HashKeyRange::tile(shards.iter().map(|(range, _)| *range)) {
            return Err(TilingBroken);
        }
        let (starts, ids) = shards
            .into_iter()
            .map(|(range, id)| (range.start(), id))
            .unzip();
        Ok(Self { starts, ids })
    }

    /// The table after `children` took over from `parents`, both in the order of their hash keys. Refused unless the
    /// parents are neighbours in this table and the children cover exactly what they did: then it tiles as this one does.
    pub fn handed_over(
        &self,
        parents: &[ShardId],
        children: &[(HashKeyRange, ShardId)],
    ) -> Result<Self, TilingBroken> {
        let (first, last) = children.first().zip(children.last()).ok_or(TilingBroken)?;
        let from = self
            .starts
            .binary_search(&first.0.start())
            .map_err(|_| TilingBroken)?;
        let replaced = from..from + parents.len();
        let is_neighbours = !parents.is_empty() && self.ids.get(replaced.clone()) == Some(parents);
        let is_covered = is_neighbours
            && self.range_at(replaced.end - 1).end() == last.0.end()
            && children
                .windows(2)
                .all(|pair| pair[0].0.is_directly_before(pair[1].0));
        if !is_covered {
            return Err(TilingBroken);
        }
        let mut table = self.clone();
        table.starts.splice(
            replaced.clone(),
            children.iter().map(|(range, _)| range.start()),
        );
        table
            .ids
            .splice(replaced, children.iter().map(|(_, id)| *id));
        Ok(table)
    }

    /// The shard that takes `key`; none only when the stream has no open shards yet.
    pub fn shard_of(&self, key: HashKey) -> Option<ShardId> {
        let after = self.starts.partition_point(|start| *start <= key);
        after.checked_sub(1).map(|index| self.ids[index])
    }

    /// How many shards take records.
    pub fn len(&self) -> u32 {
        u32::try_from(self.ids.len()).expect("a stream has fewer than 2^31 shards")
    }

    /// Whether none does: the stream is still being created.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The shards, in the order of their hash keys.
    pub fn ids(&self) -> &[ShardId] {
        &self.ids
    }

    /// Ranges and shards, in the order of the hash keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (HashKeyRange, ShardId)> + '_ {
        self.ids
            .iter()
            .enumerate()
            .map(|(index, id)| (self.range_at(index), *id))
    }

    fn range_at(&self, index: usize) -> HashKeyRange {
        let end = self.starts.get(index + 1).map_or(HashKey::MAX, |next| {
            next.predecessor()
                .expect("only the first range begins at 0")
        });
        HashKeyRange::new(self.starts[index], end).expect("starts grow")
    }
}
