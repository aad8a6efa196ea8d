//! `StartStreamEncryption` and `StopStreamEncryption`. They hold from the next record on, so the stream is not UPDATING for
//! any time.

use super::{Draft, kept_max, used_up};
use crate::catalog::{ChangeError, Stream};
use crate::{KeyId, StreamName, Timestamp};

/// Asks to encrypt records from now on, or to do it with another key.
#[derive(Clone, Debug)]
pub struct StartStreamEncryption {
    /// The stream.
    pub stream: StreamName,
    /// The key.
    pub key: KeyId,
}

impl StartStreamEncryption {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let mut stream = Stream::clone(draft.active_stream(&self.stream)?);
        let quota = draft.limits().encryption_changes_per_day;
        if let Some((uses, limit)) = used_up(&stream.encryption_starts, quota, now) {
            return Err(ChangeError::TooManyEncryptionChanges { uses, limit });
        }
        stream.encryption_starts = stream.encryption_starts.with_use_at(now, kept_max(quota));
        stream.encryption = Some(self.key.clone());
        draft.put_stream(stream);
        Ok(())
    }
}

/// Asks not to encrypt records from now on.
#[derive(Clone, Debug)]
pub struct StopStreamEncryption {
    /// The stream.
    pub stream: StreamName,
}

impl StopStreamEncryption {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let mut stream = Stream::clone(draft.active_stream(&self.stream)?);
        let quota = draft.limits().encryption_changes_per_day;
        if let Some((uses, limit)) = used_up(&stream.encryption_stops, quota, now) {
            return Err(ChangeError::TooManyEncryptionChanges { uses, limit });
        }
        stream.encryption_stops = stream.encryption_stops.with_use_at(now, kept_max(quota));
        stream.encryption = None;
        draft.put_stream(stream);
        Ok(())
    }
}
