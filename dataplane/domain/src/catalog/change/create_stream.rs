//! `CreateStream`, and the step that follows when its shards are there.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use imbl::OrdMap;

use super::capacity::{check_record_size, check_warm_throughput};
use super::{Draft, check_shard_limit};
use crate::catalog::{
    ChangeError, FanOutSource, RecentUses, RecordDistribution, ReshardId, Shard, ShardStatus,
    Stream, StreamMode, StreamStatus, Tags, tags,
};
use crate::quota::{self, Limits};
use crate::{HashKeyRange, ShardId, ShardUid, StreamName, StreamUid, Timestamp};

/// New shards are created a little before their stream, as AWS's are: so the first record's number can be greater than
/// the starting number without naming a time to come.
const SHARD_HEAD_START: Duration = Duration::from_secs(2);

/// Asks for a new stream.
#[derive(Clone, Debug)]
pub struct CreateStream {
    /// Its name.
    pub name: StreamName,
    /// Its identity.
    pub uid: StreamUid,
    /// Who chooses the number of shards.
    pub mode: StreamMode,
    /// One identity for each shard: [`Self::shard_count`] of them.
    pub shard_uids: Vec<ShardUid>,
    /// The owner's labels.
    pub tags: Tags,
    /// The largest record; none: the default.
    pub max_record_size_kib: Option<u32>,
    /// What an on-demand stream is kept ready for.
    pub warm_throughput_mibps: Option<u32>,
    /// What decides which shard a record goes to; none: the partition key.
    pub record_distribution: Option<RecordDistribution>,
}

impl CreateStream {
    /// How many shards the stream gets. An on-demand stream's number is the service's to choose: what it must be ready
    /// for, at 1 MiB/s a shard, and four at least.
    pub fn shard_count(
        mode: StreamMode,
        requested: Option<u32>,
        warm_throughput_mibps: Option<u32>,
    ) -> Result<NonZeroU32, ChangeError> {
        let count = match mode {
            StreamMode::Provisioned => requested.ok_or(ChangeError::ShardCountRequired)?,
            StreamMode::OnDemand => {
                quota::ON_DEMAND_SHARD_COUNT_DEFAULT.max(warm_throughput_mibps.unwrap_or(0))
            }
        };
        NonZeroU32::new(count).ok_or(ChangeError::ShardCountRequired)
    }

    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        if draft.snapshot.streams.contains_key(&self.name) {
            return Err(ChangeError::StreamExists {
                stream: self.name.clone(),
            });
        }
        self.check_settings(draft, now)?;
        self.check_quotas(draft)?;
        let mut stream = self.stream(draft.limits(), now);
        for (id, shard) in self.shards(now)? {
            stream.next_shard = id.checked_add(1).expect("far fewer than 2^31 shards");
            draft.put_shard(&mut stream, shard);
        }
        stream.rebuild_open_shards()?;
        draft.put_stream(stream);
        Ok(())
    }

    fn check_settings(&self, draft: &Draft, now: Timestamp) -> Result<(), ChangeError> {
        tags::check_texts(
            self.tags
                .iter()
                .flat_map(|(key, value)| [key.as_str(), value.as_str()]),
        )?;
        if self.tags.len() > quota::TAGS_PER_RESOURCE_MAX {
            return Err(ChangeError::TooManyTags {
                limit: quota::TAGS_PER_RESOURCE_MAX,
            });
        }
        if let Some(requested) = self.max_record_size_kib {
            check_record_size(requested)?;
        }
        let is_provisioned = || ChangeError::StreamIsProvisioned {
            stream: self.name.clone(),
        };
        if let Some(requested) = self.warm_throughput_mibps {
            if self.mode == StreamMode::Provisioned {
                return Err(is_provisioned());
            }
            check_warm_throughput(draft, requested, now)?;
        }
        if self.record_distribution == Some(RecordDistribution::Auto)
            && self.mode == StreamMode::Provisioned
        {
            return Err(is_provisioned());
        }
        Ok(())
    }

    fn check_quotas(&self, draft: &Draft) -> Result<(), ChangeError> {
        let totals = draft.snapshot.totals();
        if let Some(limit) = draft.limits().creating_streams
            && totals.creating_streams >= limit
        {
            return Err(ChangeError::TooManyCreatingStreams {
                creating: totals.creating_streams,
                limit,
            });
        }
        if let Some(limit) = draft.limits().on_demand_streams_per_account
            && self.mode == StreamMode::OnDemand
            && totals.on_demand_streams >= limit
        {
            return Err(ChangeError::TooManyOnDemandStreams {
                count: totals.on_demand_streams,
                limit,
            });
        }
        check_shard_limit(
            draft,
            u32::try_from(self.shard_uids.len()).unwrap_or(u32::MAX),
        )
    }

    fn stream(&self, limits: &Limits, now: Timestamp) -> Stream {
        let record_kib = limits.request.new_stream_record_kib;
        Stream {
            name: self.name.clone(),
            uid: self.uid,
            created: now,
            status: StreamStatus::Creating,
            mode: self.mode,
            retention_hours: quota::RETENTION_HOURS_MIN,
            encryption: None,
            shard_level_metrics: BTreeSet::new(),
            tags: self.tags.clone(),
            resource_policy: None,
            max_record_size_kib: self
                .max_record_size_kib
                .or(record_kib)
                .unwrap_or(quota::RECORD_SIZE_KIB_MAX),
            warm_throughput_mibps: self.warm_throughput_mibps,
            record_distribution: self.record_distribution.unwrap_or_default(),
            fan_out_source: FanOutSource::default(),
            next_shard: ShardId::FIRST,
            next_reshard: ReshardId::default(),
            epoch: 0,
            shard_count_updates: RecentUses::default(),
            mode_switches: RecentUses::default(),
            encryption_starts: RecentUses::default(),
            encryption_stops: RecentUses::default(),
            shards: OrdMap::new(),
            consumers: OrdMap::new(),
            reshards: OrdMap::new(),
            open_shards: Arc::default(),
        }
    }

    fn shards(&self, now: Timestamp) -> Result<Vec<(ShardId, Shard)>, ChangeError> {
        let given = self.shard_uids.len();
        let count = u32::try_from(given).ok().and_then(NonZeroU32::new);
        let ranges = count
            .and_then(|count| HashKeyRange::ALL.even_split(count))
            .unwrap_or_default();
        if ranges.is_empty() {
            return Err(ChangeError::WrongIdentityCount { given, needed: 1 });
        }
        let ids = (0..).map_while(|index| ShardId::new(index).ok());
        let shard = |((id, uid), range): ((ShardId, &ShardUid), HashKeyRange)| {
            let shard = Shard {
                id,
                uid: *uid,
                created: now.minus(SHARD_HEAD_START),
                opened_at: None,
                range,
                parent: None,
                adjacent_parent: None,
                status: ShardStatus::Creating,
                epoch: 0,
                replicas: Vec::new(),
            };
            (id, shard)
        };
        Ok(ids.zip(&self.shard_uids).zip(ranges).map(shard).collect())
    }
}

/// Says that all shards of a new stream are there.
#[derive(Clone, Debug)]
pub struct StreamBecameActive {
    /// The stream.
    pub name: StreamName,
    /// This life of it.
    pub uid: StreamUid,
}

impl StreamBecameActive {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.stream_of_uid(&self.name, self.uid)?;
        if before.status != StreamStatus::Creating {
            // Said again, or deleted meanwhile: nothing to do.
            return Ok(());
        }
        let mut stream = Stream::clone(before);
        stream.status = StreamStatus::Active;
        for shard in stream.shards.clone().values() {
            let open = Shard {
                status: ShardStatus::Open,
                opened_at: Some(now),
                ..Shard::clone(shard)
            };
            draft.put_shard(&mut stream, open);
        }
        stream.rebuild_open_shards()?;
        draft.put_stream(stream);
        Ok(())
    }
}
