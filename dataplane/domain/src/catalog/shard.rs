//! A shard as the catalog knows it: its place on the ring, its parents, and whether puts may be sent to it.
//! What its replicas know is [`crate::ShardState`].

use serde::{Deserialize, Serialize};

use crate::{HashKeyRange, PodName, SequenceNumber, ShardId, ShardUid, Timestamp};

/// Whether puts may be sent to a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase")]
pub enum ShardStatus {
    /// Its log is being made; nobody may write.
    Creating,
    /// Takes records.
    Open,
    /// Its children are being made. Puts for its range come here until they take over, and wait once it is sealed.
    Sealing,
    /// Takes no more records; what it has is read until it expires.
    Closed {
        /// The number after all of its records.
        ending: SequenceNumber,
        /// When its children took over.
        closed_at: Timestamp,
    },
}

impl ShardStatus {
    /// Whether a put for one of its hash keys belongs to it. The ranges of these shards tile the ring.
    pub const fn is_routable(self) -> bool {
        matches!(self, Self::Open | Self::Sealing)
    }

    /// Whether it will never take records again.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// A shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its name in the stream.
    pub id: ShardId,
    /// Its identity on disk.
    pub uid: ShardUid,
    /// The creation time that its sequence numbers carry; later than its parents' by a second at least. Final once it is
    /// open. Not the time at which it opened: AWS sets new streams' a little before, children's a second after.
    pub created: Timestamp,
    /// When it began to take records; none: not yet.
    #[serde(default)]
    pub opened_at: Option<Timestamp>,
    /// The hash keys that it takes.
    pub range: HashKeyRange,
    /// The shard that it was split from, or the first of the two that it was merged from.
    #[serde(default)]
    pub parent: Option<ShardId>,
    /// The second of the two that it was merged from.
    #[serde(default)]
    pub adjacent_parent: Option<ShardId>,
    /// Whether puts may be sent to it.
    pub status: ShardStatus,
    /// The reshard operation that touched it last; commands of an older one are refused.
    #[serde(default)]
    pub epoch: u64,
    /// The shard pods that hold it; none: it is not placed yet, or this machine's only process holds it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<PodName>,
}

impl Shard {
    /// Its `StartingSequenceNumber`.
    pub fn starting_sequence_number(&self) -> SequenceNumber {
        SequenceNumber::starting(self.created, self.id)
    }

    /// Its `EndingSequenceNumber`; none while it is open.
    pub const fn ending_sequence_number(&self) -> Option<SequenceNumber> {
        match self.status {
            ShardStatus::Closed { ending, .. } => Some(ending),
            _ => None,
        }
    }

    /// When its children took over; none while it is open.
    pub const fn closed_at(&self) -> Option<Timestamp> {
        match self.status {
            ShardStatus::Closed { closed_at, .. } => Some(closed_at),
            _ => None,
        }
    }

    /// Its parents: none, one or two.
    pub fn parents(&self) -> impl Iterator<Item = ShardId> + use<> {
        self.parent.into_iter().chain(self.adjacent_parent)
    }

    /// Whether it took records at `time`.
    pub fn was_open_at(&self, time: Timestamp) -> bool {
        self.opened_at.is_some_and(|opened| opened <= time)
            && self.closed_at().is_none_or(|closed| time < closed)
    }
}
