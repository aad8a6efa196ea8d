//! The end of a closed shard: its last record has expired, and its log is gone.

use super::Draft;
use crate::catalog::{ChangeError, Stream};
use crate::{ShardId, StreamName, StreamUid, Timestamp};

/// Says that nothing of a closed shard is left.
#[derive(Clone, Debug)]
pub struct ShardExpired {
    /// The stream.
    pub stream: StreamName,
    /// This life of it.
    pub uid: StreamUid,
    /// The shard.
    pub shard: ShardId,
}

impl ShardExpired {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.stream_of_uid(&self.stream, self.uid)?;
        let Some(shard) = before.shards.get(&self.shard) else {
            return Ok(());
        };
        if !shard.status.is_closed() {
            return Err(ChangeError::ShardStillOpen {
                stream: self.stream.clone(),
                shard: self.shard,
            });
        }
        let mut stream = Stream::clone(before);
        draft.remove_shard(&mut stream, self.shard);
        draft.put_members(stream);
        Ok(())
    }
}
