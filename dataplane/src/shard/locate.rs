//! From a starting point to a log position: binary searches over the headers of the log's entries.
//!
//! Works because ordinals and times never go back from one entry to the next, whatever the entries hold.

use std::{ops::Range, sync::Arc};

use anabranch_domain::Timestamp;
use anabranch_store::entry::Envelope;

use super::{ReadError, ReadFrom, Resume};
use crate::replication::{Journal, LogError, Tip};

/// The position of `from` in `journal`, which is loaded.
pub(super) async fn locate(
    journal: &Arc<Journal>,
    from: ReadFrom,
    horizon: Timestamp,
) -> Result<Resume, ReadError> {
    let tip = journal.tip().ok_or(LogError::Reloading)?;
    match from {
        ReadFrom::Latest => Ok(end_of(tip)),
        ReadFrom::Resume(resume) => Ok(resume),
        ReadFrom::Ordinal(ordinal) if ordinal >= tip.next_ordinal => Ok(Resume {
            ordinal,
            ..end_of(tip)
        }),
        ReadFrom::Ordinal(ordinal) => {
            let follows = move |envelope: &Envelope| envelope.first_ordinal <= ordinal;
            let after = search(journal, follows).await?;
            Ok(Resume {
                log_index: after.saturating_sub(1),
                ordinal,
            })
        }
        ReadFrom::TrimHorizon => at_time(journal, tip, horizon).await,
        ReadFrom::Timestamp(time) => at_time(journal, tip, time.max(horizon)).await,
    }
}

/// The first record that arrived at `time` or later.
pub(super) async fn at_time(
    journal: &Arc<Journal>,
    tip: Tip,
    time: Timestamp,
) -> Result<Resume, ReadError> {
    let log_index = search(journal, move |envelope| envelope.time < time).await?;
    if log_index >= tip.end_index {
        return Ok(end_of(tip));
    }
    // The entry may be trimmed by now; then what is left begins after it.
    let ordinal = envelope_of(journal, log_index)
        .await?
        .map_or(0, |envelope| envelope.first_ordinal);
    Ok(Resume { log_index, ordinal })
}

fn end_of(tip: Tip) -> Resume {
    Resume {
        log_index: tip.end_index,
        ordinal: tip.next_ordinal,
    }
}

async fn envelope_of(journal: &Arc<Journal>, index: u64) -> Result<Option<Envelope>, LogError> {
    reading(journal, index, move |journal| journal.envelope(index)).await
}

/// The first visible index whose header is not `before` what is looked for; the end if there is none.
async fn search(
    journal: &Arc<Journal>,
    before: impl Fn(&Envelope) -> bool + Send + 'static,
) -> Result<u64, ReadError> {
    let visible = journal.visible().ok_or(LogError::Reloading)?;
    let first = visible.start;
    let found = reading(journal, first, move |journal| {
        partition(journal, visible, before)
    });
    Ok(found.await?)
}

fn partition(
    journal: &Journal,
    visible: Range<u64>,
    before: impl Fn(&Envelope) -> bool,
) -> Result<u64, LogError> {
    let Range { mut start, mut end } = visible;
    while start < end {
        let middle = start + (end - start) / 2;
        let envelope = journal.envelope(middle)?;
        if envelope.is_none() {
            // Since the search began: what is looked for comes after it.
            journal.check_trimmed(middle)?;
        }
        let is_before = envelope.is_none_or(|envelope| before(&envelope));
        if is_before {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    Ok(start)
}

/// Runs `read` here if it needs entries in memory only, and where it may wait for the disk otherwise.
async fn reading<T: Send + 'static>(
    journal: &Arc<Journal>,
    lowest_index: u64,
    read: impl FnOnce(&Journal) -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    if journal
        .tail_start()
        .is_some_and(|start| lowest_index >= start)
    {
        return read(journal);
    }
    let log = journal.clone();
    journal.reading(move || read(&log)).await
}
