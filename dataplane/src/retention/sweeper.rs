//! One round over the shards: a bounded number of entries trimmed, space released where it pays.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anabranch_domain::{ShardUid, Timestamp};
use tracing::{debug, warn};

use crate::shard::{Birth, RELEASE_BYTES_MIN, ReadError, ShardHandle, ShardRegistry, Trimmed};

/// Entries of one shard that one round trims: each costs a look at its header.
const SHARD_ENTRIES_MAX: u64 = 4_096;
/// Entries that one round trims over all shards: some seconds of the disk's time at most.
const ROUND_ENTRIES_MAX: u64 = 65_536;

/// A shard, and since when its records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which shard.
    pub shard: ShardUid,
    /// What it is if it was never used.
    pub birth: Birth,
    /// Records that arrived before this go.
    pub horizon: Timestamp,
}

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Shards that lost entries.
    pub shards: u64,
    /// Log entries that were trimmed.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes whose space was asked back from the store in this round: trimmed now or in rounds before.
    pub released_bytes: u64,
    /// Shards that could not be trimmed; the log says why.
    pub failed: u64,
    /// Whether another round has something to do at once.
    pub has_more: bool,
}

/// Trims the shards of one process.
#[derive(Debug)]
pub struct Sweeper {
    registry: Arc<ShardRegistry>,
    /// Trimmed bytes whose space was not asked back yet.
    unreleased: Mutex<HashMap<ShardUid, u64>>,
}

impl Sweeper {
    /// A sweeper over `registry`'s shards.
    pub fn new(registry: Arc<ShardRegistry>) -> Self {
        Self {
            registry,
            unreleased: Mutex::default(),
        }
    }

    /// One round: trims `kept`, one shard after the other.
    pub async fn sweep(&self, kept: &[Kept]) -> Swept {
        let mut swept = Swept::default();
        for kept in kept {
            let entries_left = ROUND_ENTRIES_MAX - swept.entries;
            if entries_left == 0 {
                swept.has_more = true;
                break;
            }
            let shard = self.registry.shard(kept.shard, kept.birth);
            match self.trim(&shard, kept.horizon, entries_left).await {
                Ok((trimmed, released_bytes)) => swept.count(trimmed, released_bytes),
                // Removed since the round began.
                Err(ReadError::Gone) => {}
                Err(error) => {
                    warn!(shard = %kept.shard, %error, "trim failed");
                    swept.failed += 1;
                }
            }
        }
        debug!(?swept, "retention round");
        swept
    }

    async fn trim(
        &self,
        shard: &ShardHandle,
        horizon: Timestamp,
        entries_left: u64,
    ) -> Result<(Trimmed, u64), ReadError> {
        let trimmed = shard
            .trim(horizon, entries_left.min(SHARD_ENTRIES_MAX))
            .await?;
        let unreleased = self.unreleased(shard.uid(), trimmed.bytes);
        if unreleased < RELEASE_BYTES_MIN {
            return Ok((trimmed, 0));
        }
        shard.release().await?;
        self.released(shard.uid());
        Ok((trimmed, unreleased))
    }

    /// The bytes of `shard` whose space is not asked back yet, with `trimmed` more.
    fn unreleased(&self, shard: ShardUid, trimmed: u64) -> u64 {
        let mut unreleased = self
            .unreleased
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if trimmed > 0 {
            *unreleased.entry(shard).or_default() += trimmed;
        }
        unreleased.get(&shard).copied().unwrap_or(0)
    }

    fn released(&self, shard: ShardUid) {
        self.unreleased
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&shard);
    }
}

impl Swept {
    fn count(&mut self, trimmed: Trimmed, released_bytes: u64) {
        self.shards += u64::from(trimmed.entries > 0);
        self.entries += trimmed.entries;
        self.bytes += trimmed.bytes;
        self.released_bytes += released_bytes;
        self.has_more |= trimmed.has_more;
    }
}
