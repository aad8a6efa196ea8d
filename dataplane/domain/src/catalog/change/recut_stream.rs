//! Other boundaries between a stream's shards, by the service itself: AWS's rules for owners do not bind it.

use super::{Draft, begin_reshard, check_shard_limit};
use crate::catalog::{ChangeError, ReshardKind, Stream};
use crate::quota::RECUT_BOUNDARIES_MAX;
use crate::{HashKey, StreamName, Timestamp};

/// Wants shards to begin at some hash keys, and not to begin at others.
#[derive(Clone, Debug)]
pub struct RecutStream {
    /// The stream.
    pub stream: StreamName,
    /// Where shards are to begin that begin nowhere now.
    pub added: Vec<HashKey>,
    /// Where shards begin and are not to.
    pub removed: Vec<HashKey>,
    /// The stream's epoch that this was decided on: refused if something was begun since. None: whatever it is.
    pub decided_on: Option<u64>,
    /// Why, with the numbers that decided.
    pub reason: String,
}

impl RecutStream {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let stream = Stream::clone(draft.active_stream(&self.stream)?);
        if let Some(planned) = self.decided_on.filter(|epoch| *epoch != stream.epoch) {
            return Err(ChangeError::PlanOvertaken {
                stream: self.stream.clone(),
                planned,
                current: stream.epoch,
            });
        }
        let (mut added, mut removed) = (self.added.clone(), self.removed.clone());
        for keys in [&mut added, &mut removed] {
            keys.sort_unstable();
            keys.dedup();
        }
        if added.len() + removed.len() > RECUT_BOUNDARIES_MAX {
            return Err(ChangeError::TooManyBoundaries {
                count: added.len() + removed.len(),
                limit: RECUT_BOUNDARIES_MAX,
            });
        }
        // The ring's own beginning is no boundary: it can neither come nor go.
        let boundaries = stream.open_shards.iter().skip(1);
        let boundaries: Vec<_> = boundaries.map(|(range, _)| range.start()).collect();
        let is_there = |key: &HashKey| boundaries.binary_search(key).is_ok();
        let wrong_added = added
            .iter()
            .find(|key| is_there(key) || **key == HashKey::MIN);
        let wrong_removed = removed.iter().find(|key| !is_there(key));
        if let Some(key) = wrong_added.or(wrong_removed) {
            return Err(ChangeError::WrongBoundary {
                stream: self.stream.clone(),
                key: *key,
            });
        }
        let more = u32::try_from(added.len().saturating_sub(removed.len())).unwrap_or(u32::MAX);
        check_shard_limit(draft, more)?;
        let kind = ReshardKind::Boundaries { added, removed };
        begin_reshard(draft, stream, kind, &self.reason, now);
        Ok(())
    }
}
