//! `SplitShard`: two shards for one.

use super::{Draft, begin_reshard, check_shard_limit};
use crate::catalog::{ChangeError, ReshardKind, ShardStatus, Stream, StreamMode};
use crate::{HashKey, ShardId, StreamName, Timestamp};

/// Asks for two shards in the place of one.
#[derive(Clone, Debug)]
pub struct SplitShard {
    /// The stream.
    pub stream: StreamName,
    /// The one.
    pub shard: ShardId,
    /// Where the second of the two begins.
    pub new_starting_hash_key: HashKey,
    /// Who asked.
    pub reason: String,
}

impl SplitShard {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let stream = draft.active_stream(&self.stream)?;
        if stream.mode == StreamMode::OnDemand {
            return Err(ChangeError::StreamIsOnDemand {
                stream: self.stream.clone(),
            });
        }
        let shard = stream
            .shards
            .get(&self.shard)
            .ok_or_else(|| ChangeError::ShardNotFound {
                stream: self.stream.clone(),
                shard: self.shard,
            })?;
        check_shard_limit(draft, 1)?;
        let (start, end) = (shard.range.start(), shard.range.end());
        // AWS wants two keys on the left, although one would do.
        let is_cut = start
            .successor()
            .is_some_and(|second| self.new_starting_hash_key > second)
            && self.new_starting_hash_key < end;
        if !is_cut {
            return Err(ChangeError::SplitOutOfRange {
                stream: self.stream.clone(),
                shard: self.shard,
                key: self.new_starting_hash_key,
                start,
                end,
            });
        }
        if shard.status != ShardStatus::Open {
            return Err(ChangeError::ShardNotOpen {
                stream: self.stream.clone(),
                shard: self.shard,
            });
        }
        let kind = ReshardKind::Split {
            shard: self.shard,
            new_starting_hash_key: self.new_starting_hash_key,
        };
        let stream = Stream::clone(stream);
        begin_reshard(draft, stream, kind, &self.reason, now);
        Ok(())
    }
}
