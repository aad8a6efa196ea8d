//! A stream: its settings, its shards and who reads it. A plain value; the rules for changing it are in `change/`.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::{
    Consumer, ConsumerStatus, RecentUses, Reshard, ReshardId, ReshardStatus, Shard,
    ShardLevelMetric, ShardStatus, Tags,
};
use crate::lineage::{OpenShards, TilingBroken};
use crate::quota;
use crate::{ConsumerName, KeyId, ShardId, StreamName, StreamUid, Timestamp};

/// Where a stream is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreamStatus {
    /// Its shards are being made.
    Creating,
    /// Ready for everything.
    Active,
    /// Being resharded; takes and gives records.
    Updating,
    /// On its way out.
    Deleting,
}

impl StreamStatus {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Updating => "UPDATING",
            Self::Deleting => "DELETING",
        }
    }
}

/// Who chooses the number of shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreamMode {
    /// The owner.
    #[default]
    Provisioned,
    /// The service, after the load.
    OnDemand,
}

impl StreamMode {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioned => "PROVISIONED",
            Self::OnDemand => "ON_DEMAND",
        }
    }
}

/// What decides which shard a record goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecordDistribution {
    /// Its partition key or explicit hash key.
    #[default]
    UserPartitionKey,
    /// The service, evenly; keys are ignored.
    Auto,
}

impl RecordDistribution {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserPartitionKey => "USER_PARTITION_KEY",
            Self::Auto => "AUTO",
        }
    }
}

/// Which replicas of its shards enhanced fan-out reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FanOutSource {
    /// The one that leads.
    #[default]
    Leader,
    /// All of them, in turns.
    AnyReplica,
}

/// A stream. Its shards, consumers and reshards are stored as objects of their own, not inside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stream {
    /// Its name, unique in the account.
    pub name: StreamName,
    /// This life of that name.
    pub uid: StreamUid,
    /// When `CreateStream` was accepted.
    pub created: Timestamp,
    /// Where it is in its life.
    pub status: StreamStatus,
    /// Who chooses the number of shards.
    #[serde(default)]
    pub mode: StreamMode,
    /// How long a record is kept.
    pub retention_hours: u32,
    /// The key that records are encrypted with from now on; none: they are not.
    #[serde(default)]
    pub encryption: Option<KeyId>,
    /// The metrics that are shown for each shard.
    #[serde(default)]
    pub shard_level_metrics: BTreeSet<ShardLevelMetric>,
    /// The owner's labels.
    #[serde(default)]
    pub tags: Tags,
    /// Who else may do what with it: the policy document as it was given.
    #[serde(default)]
    pub resource_policy: Option<String>,
    /// How large a record with its key may be, in KiB.
    #[serde(default = "default_max_record_size_kib")]
    pub max_record_size_kib: u32,
    /// The write throughput that an on-demand stream is kept ready for, in MiB/s.
    #[serde(default)]
    pub warm_throughput_mibps: Option<u32>,
    /// What decides which shard a record goes to.
    #[serde(default)]
    pub record_distribution: RecordDistribution,
    /// Which replicas fan-out reads. A cluster's catalog says it; where there is one replica there is nothing to say, so it is not stored.
    #[serde(skip)]
    pub fan_out_source: FanOutSource,
    /// The index that the next shard gets. Grows for ever, so that no shard id is used twice.
    pub next_shard: ShardId,
    /// The number that the next reshard gets.
    #[serde(default)]
    pub next_reshard: ReshardId,
    /// The epoch of the last reshard operation that was begun; each one gets a greater one.
    #[serde(default)]
    pub epoch: u64,
    /// When `UpdateShardCount` was accepted.
    #[serde(default)]
    pub shard_count_updates: RecentUses,
    /// When the mode was switched.
    #[serde(default)]
    pub mode_switches: RecentUses,
    /// When a key was set.
    #[serde(default)]
    pub encryption_starts: RecentUses,
    /// When the key was taken away.
    #[serde(default)]
    pub encryption_stops: RecentUses,
    /// Every shard that may still have records, open or closed.
    #[serde(skip)]
    pub shards: OrdMap<ShardId, Arc<Shard>>,
    /// Who reads it by enhanced fan-out.
    #[serde(skip)]
    pub consumers: OrdMap<ConsumerName, Arc<Consumer>>,
    /// The reshard that is under way and the last ones that are done.
    #[serde(skip)]
    pub reshards: OrdMap<ReshardId, Arc<Reshard>>,
    /// Which shard takes which hash key; follows from `shards`.
    #[serde(skip)]
    pub open_shards: Arc<OpenShards>,
}

const fn default_max_record_size_kib() -> u32 {
    quota::RECORD_SIZE_KIB_DEFAULT
}

impl Stream {
    /// Whether it takes and gives records.
    pub const fn is_serving(&self) -> bool {
        matches!(self.status, StreamStatus::Active | StreamStatus::Updating)
    }

    /// How many shards take records.
    pub fn open_shard_count(&self) -> u32 {
        self.open_shards.len()
    }

    /// The reshard that is under way, if one is.
    pub fn running_reshard(&self) -> Option<&Arc<Reshard>> {
        self.reshards
            .values()
            .rev()
            .find(|reshard| reshard.status == ReshardStatus::Running)
    }

    /// How large a record with its key may be, in bytes.
    pub const fn max_record_size_bytes(&self) -> u64 {
        self.max_record_size_kib as u64 * 1024
    }

    /// How many consumers are being registered.
    pub(super) fn creating_consumer_count(&self) -> u32 {
        count(
            self.consumers
                .values()
                .filter(|consumer| consumer.status == ConsumerStatus::Creating),
        )
    }

    /// Works out `open_shards` again after a change of `shards`; fails when they do not tile the ring.
    pub(super) fn rebuild_open_shards(&mut self) -> Result<(), TilingBroken> {
        let routable = self
            .shards
            .values()
            .filter(|shard| shard.status.is_routable());
        self.open_shards = if self
            .shards
            .values()
            .all(|shard| shard.status == ShardStatus::Creating)
        {
            Arc::default()
        } else {
            Arc::new(OpenShards::new(
                routable.map(|shard| (shard.range, shard.id)),
            )?)
        };
        Ok(())
    }
}

/// Counts what is bounded far below 2^32 by quotas.
pub(super) fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
