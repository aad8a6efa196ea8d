//! Waiting for records that are not there yet.

use std::sync::Arc;

use super::{ReadError, ShardHandle};
use crate::replication::{LogError, Tip};

/// Waits at the end of one shard. Costs the shard nothing while nobody waits.
#[derive(Clone, Debug)]
pub struct Tail {
    shard: Arc<ShardHandle>,
}

impl Tail {
    pub(super) fn new(shard: Arc<ShardHandle>) -> Self {
        Self { shard }
    }

    /// Waits until the log goes on past `end_index` (of a [`Tip`] or of a [`super::Resume`]), and says where it is then.
    ///
    /// An entry need not bring records: read, and wait again from where that read left off.
    pub async fn past(&self, end_index: u64) -> Result<Tip, ReadError> {
        let journal = self.shard.journal();
        loop {
            let advanced = journal.advanced().notified();
            // After a failure the log is read anew, and may hold more than was told.
            match self.shard.tip().await {
                Ok(tip) if tip.end_index > end_index => return Ok(tip),
                Ok(_) => advanced.await,
                Err(ReadError::Log(LogError::Reloading)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
