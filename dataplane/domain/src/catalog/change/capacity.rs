//! What a stream is ready for: its mode, warm throughput, largest record, and how records are spread.
//! Each holds at once, so the stream is not UPDATING for any time; shards that follow from it are a reshard of their own.

use super::{Draft, kept_max, used_up};
use crate::catalog::{ChangeError, RecordDistribution, Stream, StreamMode};
use crate::quota::{RECORD_SIZE_KIB_MAX, RECORD_SIZE_KIB_MIN};
use crate::{StreamName, Timestamp};

/// Asks to switch between on-demand and provisioned. The shards stay as they are.
#[derive(Clone, Debug)]
pub struct UpdateStreamMode {
    /// The stream.
    pub stream: StreamName,
    /// What it is to be.
    pub mode: StreamMode,
    /// What it is kept ready for, when it is to be on-demand.
    pub warm_throughput_mibps: Option<u32>,
}

impl UpdateStreamMode {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let mut stream = Stream::clone(draft.active_stream(&self.stream)?);
        if let Some(requested) = self.warm_throughput_mibps {
            if self.mode == StreamMode::Provisioned {
                return Err(ChangeError::StreamIsProvisioned {
                    stream: self.stream.clone(),
                });
            }
            check_warm_throughput(draft, requested, now)?;
        }
        if stream.mode != self.mode {
            self.switch(draft, &mut stream, now)?;
        }
        if self.warm_throughput_mibps.is_some() {
            stream.warm_throughput_mibps = self.warm_throughput_mibps;
        }
        draft.put_stream(stream);
        Ok(())
    }

    fn switch(
        &self,
        draft: &Draft,
        stream: &mut Stream,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        let quota = draft.limits().mode_switches_per_day;
        if let Some((uses, limit)) = used_up(&stream.mode_switches, quota, now) {
            return Err(ChangeError::TooManyModeSwitches { uses, limit });
        }
        let count = draft.snapshot.totals().on_demand_streams;
        match (self.mode, draft.limits().on_demand_streams_per_account) {
            (StreamMode::OnDemand, Some(limit)) if count >= limit => {
                return Err(ChangeError::TooManyOnDemandStreams { count, limit });
            }
            (StreamMode::OnDemand, _) => {}
            (StreamMode::Provisioned, _) => {
                // Both are for on-demand streams only.
                stream.warm_throughput_mibps = None;
                stream.record_distribution = RecordDistribution::UserPartitionKey;
            }
        }
        stream.mode_switches = stream.mode_switches.with_use_at(now, kept_max(quota));
        stream.mode = self.mode;
        Ok(())
    }
}

/// Asks to be ready for a write throughput.
#[derive(Clone, Debug)]
pub struct UpdateStreamWarmThroughput {
    /// The stream.
    pub stream: StreamName,
    /// How much, in MiB/s.
    pub mibps: u32,
}

impl UpdateStreamWarmThroughput {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.active_stream(&self.stream)?;
        if before.mode == StreamMode::Provisioned {
            return Err(ChangeError::StreamIsProvisioned {
                stream: self.stream.clone(),
            });
        }
        check_warm_throughput(draft, self.mibps, now)?;
        let stream = Stream {
            warm_throughput_mibps: Some(self.mibps),
            ..Stream::clone(before)
        };
        draft.put_stream(stream);
        Ok(())
    }
}

/// Asks to take records up to a size.
#[derive(Clone, Debug)]
pub struct UpdateMaxRecordSize {
    /// The stream.
    pub stream: StreamName,
    /// The size of data and key, in KiB.
    pub kib: u32,
}

impl UpdateMaxRecordSize {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.active_stream(&self.stream)?;
        check_record_size(self.kib)?;
        let stream = Stream {
            max_record_size_kib: self.kib,
            ..Stream::clone(before)
        };
        draft.put_stream(stream);
        Ok(())
    }
}

/// Asks for another way to spread records. Records that are there stay where they are.
#[derive(Clone, Debug)]
pub struct UpdateStreamRecordDistribution {
    /// The stream.
    pub stream: StreamName,
    /// The way.
    pub distribution: RecordDistribution,
}

impl UpdateStreamRecordDistribution {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.active_stream(&self.stream)?;
        if before.mode == StreamMode::Provisioned {
            return Err(ChangeError::StreamIsProvisioned {
                stream: self.stream.clone(),
            });
        }
        let stream = Stream {
            record_distribution: self.distribution,
            ..Stream::clone(before)
        };
        draft.put_stream(stream);
        Ok(())
    }
}

pub(super) fn check_record_size(requested: u32) -> Result<(), ChangeError> {
    if (RECORD_SIZE_KIB_MIN..=RECORD_SIZE_KIB_MAX).contains(&requested) {
        Ok(())
    } else {
        Err(ChangeError::RecordSizeOutOfRange {
            requested,
            min: RECORD_SIZE_KIB_MIN,
            max: RECORD_SIZE_KIB_MAX,
        })
    }
}

/// Whether the account may keep a stream ready for this much. Releasing it (0) needs no less.
pub(super) fn check_warm_throughput(
    draft: &Draft,
    requested: u32,
    now: Timestamp,
) -> Result<(), ChangeError> {
    if !draft.snapshot.account.billing_commitment.is_enabled_at(now) {
        return Err(ChangeError::WarmThroughputNeedsCommitment);
    }
    match draft.limits().warm_throughput_mibps {
        Some(limit) if requested > limit => {
            Err(ChangeError::WarmThroughputTooHigh { requested, limit })
        }
        _ => Ok(()),
    }
}
