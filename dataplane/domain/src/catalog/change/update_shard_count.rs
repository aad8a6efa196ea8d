//! `UpdateShardCount` by the owner, and the same by the service itself, which AWS's rules for owners do not bind.

use super::{Draft, begin_reshard, check_shard_limit, kept_max, used_up};
use crate::catalog::{ChangeError, ReshardKind, Stream, StreamMode};
use crate::{StreamName, Timestamp};

/// Asks for a number of shards of equal size.
#[derive(Clone, Debug)]
pub struct UpdateShardCount {
    /// The stream.
    pub stream: StreamName,
    /// How many shards.
    pub target: u32,
    /// Who asked.
    pub reason: String,
}

impl UpdateShardCount {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.stream(&self.stream)?;
        if before.mode == StreamMode::OnDemand {
            return Err(ChangeError::StreamIsOnDemand {
                stream: self.stream.clone(),
            });
        }
        let before = draft.active_stream(&self.stream)?;
        self.check_target(draft, before)?;
        let quota = draft.limits().shard_count_updates_per_day;
        if let Some((uses, limit)) = used_up(&before.shard_count_updates, quota, now) {
            return Err(ChangeError::TooManyShardCountUpdates { uses, limit });
        }
        let mut stream = Stream::clone(before);
        stream.shard_count_updates = stream.shard_count_updates.with_use_at(now, kept_max(quota));
        begin_reshard(
            draft,
            stream,
            ReshardKind::Uniform {
                target: self.target,
            },
            &self.reason,
            now,
        );
        Ok(())
    }

    fn check_target(&self, draft: &Draft, stream: &Stream) -> Result<(), ChangeError> {
        let (current, target) = (stream.open_shard_count(), self.target);
        if let Some(factor) = draft.limits().shard_count_update_factor {
            let (highest, lowest) = (current.saturating_mul(factor), current.div_ceil(factor));
            if target > highest {
                return Err(ChangeError::TargetTooHigh {
                    current,
                    target,
                    limit: highest,
                });
            }
            if target < lowest {
                return Err(ChangeError::TargetTooLow {
                    current,
                    target,
                    limit: lowest,
                });
            }
        }
        check_stream_limit(draft, target)?;
        check_shard_limit(draft, target.saturating_sub(current))
    }
}

/// Wants a number of shards of equal size: for warm throughput, or because of the load.
#[derive(Clone, Debug)]
pub struct ScaleStream {
    /// The stream.
    pub stream: StreamName,
    /// How many shards.
    pub target: u32,
    /// Why, with the numbers that decided.
    pub reason: String,
}

impl ScaleStream {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let stream = Stream::clone(draft.active_stream(&self.stream)?);
        check_stream_limit(draft, self.target)?;
        check_shard_limit(draft, self.target.saturating_sub(stream.open_shard_count()))?;
        begin_reshard(
            draft,
            stream,
            ReshardKind::Uniform {
                target: self.target,
            },
            &self.reason,
            now,
        );
        Ok(())
    }
}

fn check_stream_limit(draft: &Draft, target: u32) -> Result<(), ChangeError> {
    if target == 0 {
        return Err(ChangeError::ShardCountRequired);
    }
    match draft.limits().shards_per_stream {
        Some(limit) if target > limit => Err(ChangeError::TargetAboveStreamLimit { target, limit }),
        _ => Ok(()),
    }
}
