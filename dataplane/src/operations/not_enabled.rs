//! The operations of queues and channels: known, and answered as AWS answers where they are not enabled.

use anabranch_wire::{Action, ApiError, ErrorKind};

/// Refuses an operation of queues or channels.
pub(super) fn refuse(action: Action) -> ApiError {
    ApiError::new(
        ErrorKind::InvalidArgumentException,
        format!(
            "{} is not enabled for this account in this region.",
            action.name()
        ),
    )
}
