//! How long records are kept, and what is to be done when they are not: the decision, not the deletion.

use std::time::Duration;

use crate::Timestamp;
use crate::catalog::Shard;

/// The time before which a stream's records are expired.
pub fn trim_horizon(now: Timestamp, retention_hours: u32) -> Timestamp {
    now.minus(Duration::from_hours(u64::from(retention_hours)))
}

/// What is to be done with a shard's old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trim {
    /// None is old enough.
    Nothing,
    /// Give the log before this time back to the disk.
    Before(Timestamp),
    /// The shard is closed and its last record is expired: the whole of it may go, and
    /// [`crate::catalog::ShardExpired`] be committed.
    Everything,
}

/// What is to be done now. `oldest` is the arrival of the oldest record that is still there; none: there is none.
///
/// A closed shard goes only when its *closing* is past the horizon, also when it never had a record: until then a consumer
/// may still be on its way through it, and `ListShards` shows it.
pub fn trim(
    shard: &Shard,
    oldest: Option<Timestamp>,
    retention_hours: u32,
    now: Timestamp,
) -> Trim {
    let horizon = trim_horizon(now, retention_hours);
    if shard.closed_at().is_some_and(|closed| closed < horizon) {
        return Trim::Everything;
    }
    match oldest {
        Some(oldest) if oldest < horizon => Trim::Before(horizon),
        _ => Trim::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ShardStatus;
    use crate::{HashKeyRange, SequenceNumber, ShardId, ShardUid};

    const DAY_HOURS: u32 = 24;

    fn at_hour(hour: u64) -> Timestamp {
        Timestamp::from_secs(hour * 3_600)
    }

    fn shard(closed_at: Option<Timestamp>) -> Shard {
        let ending = |closed_at| SequenceNumber::ending(at_hour(100), ShardId::FIRST, closed_at);
        Shard {
            id: ShardId::FIRST,
            uid: ShardUid::from_bits(1),
            created: at_hour(100),
            opened_at: Some(at_hour(100)),
            range: HashKeyRange::ALL,
            parent: None,
            adjacent_parent: None,
            status: closed_at.map_or(ShardStatus::Open, |closed_at| ShardStatus::Closed {
                ending: ending(closed_at),
                closed_at,
            }),
            epoch: 0,
            replicas: Vec::new(),
        }
    }

    #[test]
    fn an_open_shard_is_trimmed_once_its_oldest_record_expires() {
        let open = shard(None);
        assert_eq!(
            trim(&open, Some(at_hour(101)), DAY_HOURS, at_hour(125)),
            Trim::Nothing
        );
        assert_eq!(
            trim(&open, Some(at_hour(101)), DAY_HOURS, at_hour(126)),
            Trim::Before(at_hour(102))
        );
        assert_eq!(trim(&open, None, DAY_HOURS, at_hour(500)), Trim::Nothing);
    }

    #[test]
    fn a_closed_shard_goes_when_its_closing_is_past_the_horizon() {
        let closed = shard(Some(at_hour(110)));
        assert_eq!(
            trim(&closed, Some(at_hour(101)), DAY_HOURS, at_hour(134)),
            Trim::Before(at_hour(110))
        );
        assert_eq!(trim(&closed, None, DAY_HOURS, at_hour(134)), Trim::Nothing);
        assert_eq!(
            trim(&closed, None, DAY_HOURS, at_hour(135)),
            Trim::Everything
        );
    }

    #[test]
    fn a_longer_retention_keeps_what_is_still_there() {
        let open = shard(None);
        assert_eq!(
            trim(&open, Some(at_hour(101)), 48, at_hour(126)),
            Trim::Nothing
        );
    }
}
