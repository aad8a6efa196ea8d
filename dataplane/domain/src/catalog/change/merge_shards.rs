//! `MergeShards`: one shard for two neighbours.

use std::sync::Arc;

use super::{Draft, begin_reshard};
use crate::catalog::{ChangeError, ReshardKind, Shard, ShardStatus, Stream, StreamMode};
use crate::{ShardId, StreamName, Timestamp};

/// Asks for one shard in the place of two.
#[derive(Clone, Debug)]
pub struct MergeShards {
    /// The stream.
    pub stream: StreamName,
    /// The one with the lower hash keys.
    pub shard: ShardId,
    /// The one directly after it.
    pub adjacent: ShardId,
    /// Who asked.
    pub reason: String,
}

impl MergeShards {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let stream = draft.active_stream(&self.stream)?;
        if stream.mode == StreamMode::OnDemand {
            return Err(ChangeError::StreamIsOnDemand {
                stream: self.stream.clone(),
            });
        }
        let first = self.find(stream, self.shard)?;
        let second = self.find(stream, self.adjacent)?;
        if !first.range.is_directly_before(second.range) {
            return Err(ChangeError::NotAdjacent {
                stream: self.stream.clone(),
                first: self.shard,
                second: self.adjacent,
            });
        }
        if let Some(closed) = [first, second]
            .into_iter()
            .find(|shard| shard.status != ShardStatus::Open)
        {
            return Err(ChangeError::ShardNotOpen {
                stream: self.stream.clone(),
                shard: closed.id,
            });
        }
        let stream = Stream::clone(stream);
        let kind = ReshardKind::Merge {
            shard: self.shard,
            adjacent: self.adjacent,
        };
        begin_reshard(draft, stream, kind, &self.reason, now);
        Ok(())
    }

    fn find<'a>(&self, stream: &'a Stream, id: ShardId) -> Result<&'a Arc<Shard>, ChangeError> {
        let not_found = || ChangeError::ShardNotFound {
            stream: self.stream.clone(),
            shard: id,
        };
        stream.shards.get(&id).ok_or_else(not_found)
    }
}
