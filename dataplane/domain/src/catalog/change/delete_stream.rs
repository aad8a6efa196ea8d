//! `DeleteStream`, and the step that follows when nothing is left of it.

use super::Draft;
use crate::catalog::{ChangeError, Stream, StreamStatus, stream::count};
use crate::{StreamName, StreamUid, Timestamp};

/// Asks for the end of a stream.
#[derive(Clone, Debug)]
pub struct DeleteStream {
    /// The stream.
    pub name: StreamName,
    /// Whether its consumers go with it.
    pub enforce_consumer_deletion: bool,
}

impl DeleteStream {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.stream(&self.name)?;
        let consumer_count = count(before.consumers.keys());
        if consumer_count > 0 && !self.enforce_consumer_deletion {
            return Err(ChangeError::StreamHasConsumers {
                stream: self.name.clone(),
                consumer_count,
            });
        }
        let stream = Stream {
            status: StreamStatus::Deleting,
            ..Stream::clone(before)
        };
        draft.put_stream(stream);
        Ok(())
    }
}

/// Says that a deleted stream's records are gone: forgets it and everything in it.
#[derive(Clone, Debug)]
pub struct StreamGone {
    /// The stream.
    pub name: StreamName,
    /// This life of it.
    pub uid: StreamUid,
}

impl StreamGone {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let stream = draft.stream_of_uid(&self.name, self.uid)?;
        if stream.status != StreamStatus::Deleting {
            return Err(ChangeError::StreamNotDeleting {
                stream: self.name.clone(),
                status: stream.status,
            });
        }
        draft.remove_stream(&self.name);
        Ok(())
    }
}
