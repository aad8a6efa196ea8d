//! What a stream still needs: worked out from the catalog alone.

use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::{ConsumerStatus, Shard, Stream, StreamStatus};
use anabranch_domain::retention::{Trim, trim};
use anabranch_domain::{ConsumerName, Timestamp};

/// What is to be done for a stream now. Done means: looked at again, there is something else or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Duty {
    /// Let a new stream take records.
    Activate {
        /// Every shard that it has.
        shards: Vec<Arc<Shard>>,
    },
    /// Remove a deleted stream's records, and then the stream.
    Destroy {
        /// Every shard that it has.
        shards: Vec<Arc<Shard>>,
    },
    /// Carry out the reshard that is under way.
    Reshard,
    /// Let new consumers subscribe, forget the ones that are deregistered.
    SettleConsumers {
        /// The new ones.
        new: Vec<ConsumerName>,
        /// The deregistered ones.
        gone: Vec<ConsumerName>,
    },
    /// Forget closed shards whose last record has expired.
    Expire {
        /// The shards.
        shards: Vec<Arc<Shard>>,
    },
}

impl Duty {
    /// The most urgent duty for a stream; nothing when all is well.
    pub fn of(stream: &Stream, now: Timestamp) -> Option<Self> {
        match stream.status {
            StreamStatus::Deleting => {
                return Some(Self::Destroy {
                    shards: stream.shards.values().cloned().collect(),
                });
            }
            StreamStatus::Creating => {
                return Some(Self::Activate {
                    shards: stream.shards.values().cloned().collect(),
                });
            }
            StreamStatus::Active | StreamStatus::Updating => {}
        }
        if stream.running_reshard().is_some() {
            return Some(Self::Reshard);
        }
        let (new, gone) = (
            consumers(stream, ConsumerStatus::Creating),
            consumers(stream, ConsumerStatus::Deleting),
        );
        if !(new.is_empty() && gone.is_empty()) {
            return Some(Self::SettleConsumers { new, gone });
        }
        // When its closing is past the horizon, so is every record that it ever had.
        let expired = stream
            .shards
            .values()
            .filter(|shard| trim(shard, None, stream.retention_hours, now) == Trim::Everything);
        let shards: Vec<_> = expired.cloned().collect();
        (!shards.is_empty()).then_some(Self::Expire { shards })
    }

    /// When a stream without a duty gets one by the mere passing of time.
    pub fn due_at(stream: &Stream) -> Option<Timestamp> {
        let retention = Duration::from_hours(u64::from(stream.retention_hours));
        let closed_at = stream
            .shards
            .values()
            .filter_map(|shard| shard.closed_at())
            .min();
        // A shard that was closed at the horizon is not past it yet.
        closed_at.map(|closed_at| closed_at.plus(retention + Duration::from_millis(1)))
    }
}

fn consumers(stream: &Stream, status: ConsumerStatus) -> Vec<ConsumerName> {
    let consumers = stream
        .consumers
        .values()
        .filter(|consumer| consumer.status == status);
    consumers.map(|consumer| consumer.name.clone()).collect()
}

#[cfg(test)]
#[path = "duty_test.rs"]
mod tests;
