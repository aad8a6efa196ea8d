//! Every bound of the shard layer, with where the number comes from.

use std::time::Duration;

use crate::replication::PIPELINE_ENTRIES_MAX;

/// How much the shards of one process may hold in memory, and how they batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardLimits {
    /// Bytes of appends that one shard has taken in and not yet answered. Three of the largest entries: one on its way
    /// to the disk, one being encoded, one being gathered.
    pub shard_inflight_bytes_max: usize,
    /// Bytes of appends that all shards together have taken in and not yet answered.
    pub total_inflight_bytes_max: usize,
    /// A log entry is closed when it has this many bytes of records. A single append may be larger (10 MiB at most).
    pub entry_bytes_max: usize,
    /// A log entry is closed when it has this many records, so that one reader never has to look through more.
    pub entry_records_max: usize,
    /// While an entry is on its way to the disk, the next one is closed only when it has this many bytes. Below it,
    /// waiting costs nothing and makes one write out of many; above it, encoding overlaps with the disk's work.
    pub pipeline_bytes_min: usize,
    /// Entries of one shard on their way to the disk at a time.
    pub pipeline_entries_max: usize,
    /// Bytes of recent log entries kept in memory over all shards, for readers at the tip.
    pub tail_cache_bytes_max: usize,
    /// A group that was proposed nothing for this long gives up its tasks and memory. Starting it again takes no disk
    /// access and less time than one write.
    pub idle_after: Duration,
    /// When more groups run than this, idle ones are stopped without waiting for `idle_after`: each is about 150 KiB.
    pub running_groups_max: usize,
    /// Bytes a second that all shards together send to replicas that lag; none: no bound. A third of what a modest network disk
    /// reads (AWS's gp3: 125 MB/s), so that the clients keep most of it, and a terabyte in nine hours.
    pub catch_up_bytes_per_sec: Option<u64>,
    /// The longest pause before a group is tried again after the disk failed under it.
    pub restart_backoff_max: Duration,
}

impl Default for ShardLimits {
    fn default() -> Self {
        Self {
            shard_inflight_bytes_max: 32 << 20,
            total_inflight_bytes_max: 256 << 20,
            entry_bytes_max: 1 << 20,
            entry_records_max: 4096,
            pipeline_bytes_min: 64 << 10,
            pipeline_entries_max: 4,
            tail_cache_bytes_max: 32 << 20,
            idle_after: Duration::from_secs(10),
            running_groups_max: 256,
            catch_up_bytes_per_sec: Some(32 << 20),
            restart_backoff_max: Duration::from_secs(2),
        }
    }
}

impl ShardLimits {
    /// These limits, where they contradict what the layers below promise, brought back to it.
    pub(super) fn within_reason(self) -> Self {
        let pipeline_max = usize::try_from(PIPELINE_ENTRIES_MAX).unwrap_or(usize::MAX);
        Self {
            pipeline_entries_max: self.pipeline_entries_max.clamp(1, pipeline_max),
            ..self
        }
    }
}
