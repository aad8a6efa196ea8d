//! Trimming a log by time: whole entries from its front, a bounded number at once.

use anabranch_domain::Timestamp;
use anabranch_store::{Family, KeyRange, entry::HEADER_LEN, keys::LogKey};

use super::ReadError;
use crate::replication::{Group, LogError};

/// Space is asked back for a shard when so many bytes of it were removed: asking flushes everybody's newest records and
/// rewrites what the shard shares files with, so it should be worth more than that.
pub(crate) const RELEASE_BYTES_MIN: u64 = 16 << 20;

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
        let visible = journal.visible().ok_or(LogError::Reloading)?;
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
        Ok::<_, LogError>((trimmed, visible.start))
    };
    let (trimmed, first) = group.journal().reading(expired).await?;
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
    let release = move || Ok(journal.store().release(Family::Log, &range)?);
    group.journal().reading(release).await
}

/// Whether the space of `group`'s log, which is loaded, is worth asking back.
pub(super) async fn is_worth_releasing(group: &Group) -> Result<bool, LogError> {
    let journal = group.journal().clone();
    let weigh = move || {
        let mut bytes = 0;
        for index in journal.visible().unwrap_or_default() {
            let envelope = journal.envelope(index)?;
            bytes += envelope.map_or(0, |envelope| u64::from(envelope.payload_len));
            if bytes >= RELEASE_BYTES_MIN {
                return Ok(true);
            }
        }
        Ok(false)
    };
    group.journal().reading(weigh).await
}

/// Gives the space of all of `group`'s log, which was destroyed, back to the file system.
pub(super) async fn release_all(group: &Group) -> Result<(), LogError> {
    let journal = group.journal().clone();
    let range = LogKey::all(journal.shard());
    let release = move || Ok(journal.store().release(Family::Log, &range)?);
    group.journal().reading(release).await
}
