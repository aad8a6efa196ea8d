//! `EnableEnhancedMonitoring` and `DisableEnhancedMonitoring`. What was shown before and what is shown after are in the
//! snapshots before and after.

use std::collections::BTreeSet;

use super::Draft;
use crate::catalog::{ChangeError, ShardLevelMetric, Stream};
use crate::{StreamName, Timestamp};

/// Asks to show metrics for each shard.
#[derive(Clone, Debug)]
pub struct EnableEnhancedMonitoring {
    /// The stream.
    pub stream: StreamName,
    /// Which metrics, `ALL` expanded.
    pub metrics: BTreeSet<ShardLevelMetric>,
}

impl EnableEnhancedMonitoring {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let mut stream = Stream::clone(draft.serving_stream(&self.stream)?);
        stream.shard_level_metrics.extend(&self.metrics);
        draft.put_stream(stream);
        Ok(())
    }
}

/// Asks to show them no longer.
#[derive(Clone, Debug)]
pub struct DisableEnhancedMonitoring {
    /// The stream.
    pub stream: StreamName,
    /// Which metrics, `ALL` expanded.
    pub metrics: BTreeSet<ShardLevelMetric>,
}

impl DisableEnhancedMonitoring {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let mut stream = Stream::clone(draft.serving_stream(&self.stream)?);
        stream
            .shard_level_metrics
            .retain(|metric| !self.metrics.contains(metric));
        draft.put_stream(stream);
        Ok(())
    }
}
