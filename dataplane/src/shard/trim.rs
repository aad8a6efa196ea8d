//! Trimming a log by time: whole entries from its front, a bounded number at once.

use anabranch_domain::Timestamp;
use anabranch_store::{Family, KeyRange, StoreError, entry::HEADER_LEN, keys::LogKey};
use tokio::task::spawn_blocking;

use super::ReadError;
use crate::replication::{Group, LogError};

/// What one trim removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Entries of the log.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether there may be more to trim.
    pub has_more: bool,
}

/// Trims the applied entries of `group`, whose log is loaded, that are older than `before`.
pub(super) async fn trim(
    group: &Group,
    before: Timestamp,
    entries_max: u64,
) -> Result<Trimmed, ReadError> {
    let journal = group.journal().clone();
    let expired = move || {
        let visible = journal.visible().ok_or(LogError::Destroyed)?;
        let mut trimmed = Trimmed::default();
        for index in visible.start..visible.end {
            let envelope = journal.envelope(index)?;
            if envelope.is_some_and(|envelope| envelope.time >= before) {
                break;
            }
            if trimmed.entries == entries_max {
                trimmed.has_more = true;
                break;
            }
            trimmed.entries += 1;
            let bytes = |payload_len: u32| HEADER_LEN as u64 + u64::from(payload_len);
            trimmed.bytes += envelope.map_or(0, |envelope| bytes(envelope.payload_len));
        }
        Ok((trimmed, visible.start))
    };
    let closed = Err(LogError::Store(StoreError::Closed));
    let (trimmed, first) = spawn_blocking(expired).await.unwrap_or(closed)?;
    if let Some(last) = (first + trimmed.entries)
        .checked_sub(1)
        .filter(|_| trimmed.entries > 0)
    {
        group.trim_through(last).await?;
    }
    Ok(trimmed)
}

/// Gives the space before the first entry of `group`'s log back to the file system.
pub(super) async fn release(group: &Group) -> Result<(), LogError> {
    let journal = group.journal().clone();
    let Some(visible) = journal.visible() else {
        return Ok(());
    };
    let range: KeyRange = LogKey::between(journal.shard(), 0, visible.start);
    let released = spawn_blocking(move || journal.store().release(Family::Log, &range));
    Ok(released.await.unwrap_or(Err(StoreError::Closed))?)
}
