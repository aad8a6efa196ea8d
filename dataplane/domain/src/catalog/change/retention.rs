//! `IncreaseStreamRetentionPeriod` and `DecreaseStreamRetentionPeriod`.

use super::Draft;
use crate::catalog::{ChangeError, Stream};
use crate::quota::{RETENTION_HOURS_MAX, RETENTION_HOURS_MIN};
use crate::{StreamName, Timestamp};

/// Asks to keep records longer.
#[derive(Clone, Debug)]
pub struct IncreaseRetention {
    /// The stream.
    pub stream: StreamName,
    /// For how long, in hours.
    pub hours: u32,
}

impl IncreaseRetention {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.serving_stream(&self.stream)?;
        check_bounds(self.hours)?;
        if self.hours < before.retention_hours {
            return Err(ChangeError::RetentionBelowExisting {
                stream: self.stream.clone(),
                requested: self.hours,
                existing: before.retention_hours,
            });
        }
        let stream = Stream {
            retention_hours: self.hours,
            ..Stream::clone(before)
        };
        draft.put_stream(stream);
        Ok(())
    }
}

/// Asks to keep records not so long.
#[derive(Clone, Debug)]
pub struct DecreaseRetention {
    /// The stream.
    pub stream: StreamName,
    /// For how long, in hours.
    pub hours: u32,
}

impl DecreaseRetention {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.serving_stream(&self.stream)?;
        check_bounds(self.hours)?;
        if self.hours > before.retention_hours {
            return Err(ChangeError::RetentionAboveExisting {
                stream: self.stream.clone(),
                requested: self.hours,
                existing: before.retention_hours,
            });
        }
        let stream = Stream {
            retention_hours: self.hours,
            ..Stream::clone(before)
        };
        draft.put_stream(stream);
        Ok(())
    }
}

fn check_bounds(requested: u32) -> Result<(), ChangeError> {
    if requested < RETENTION_HOURS_MIN {
        Err(ChangeError::RetentionTooShort {
            requested,
            min: RETENTION_HOURS_MIN,
        })
    } else if requested > RETENTION_HOURS_MAX {
        Err(ChangeError::RetentionTooLong {
            requested,
            max: RETENTION_HOURS_MAX,
        })
    } else {
        Ok(())
    }
}
