//! One read: from memory at the tip, from the disk before it, never past the last applied entry.

use std::{ops::ControlFlow, sync::Arc};

use anabranch_store::{
    Family, Order,
    entry::{Entry, KeyRing},
    keys::LogKey,
};

use super::{ReadBatch, ReadError, ReadLimits, Resume, locate};
use crate::replication::{Journal, LogError, Tip};

/// Reads from `resume` on. `journal` is loaded.
pub(super) async fn read(
    journal: &Arc<Journal>,
    keys: &Arc<KeyRing>,
    resume: Resume,
    limits: ReadLimits,
) -> Result<ReadBatch, ReadError> {
    let tip = journal.tip().ok_or(LogError::Reloading)?;
    let resume = past_horizon(journal, tip, resume, &limits).await?;
    let mut batch = ReadBatch::new(resume, tip);
    let is_full = read_memory(journal, keys, &limits, &mut batch)?;
    if !is_full && batch.next.log_index < tip.end_index {
        let (log, keys) = (journal.clone(), keys.clone());
        let whole = journal.reading(move || {
            // What the disk has first, and then the tail again, which the disk's part may have reached.
            if !read_disk(&log, &keys, &limits, &mut batch)? {
                read_memory(&log, &keys, &limits, &mut batch)?;
            }
            Ok(batch)
        });
        return whole.await;
    }
    Ok(batch)
}

/// Where to look first, when `resume` points at what was trimmed or has expired.
async fn past_horizon(
    journal: &Arc<Journal>,
    tip: Tip,
    resume: Resume,
    limits: &ReadLimits,
) -> Result<Resume, ReadError> {
    let first = journal.visible().ok_or(LogError::Reloading)?.start;
    let resume = Resume {
        log_index: resume.log_index.max(first),
        ..resume
    };
    // Most reads are at the tip, in memory: there the look costs nothing.
    let is_in_memory = journal
        .tail_start()
        .is_some_and(|start| resume.log_index >= start);
    let is_expired = is_in_memory
        && journal
            .envelope(resume.log_index)
            .map_err(ReadError::Log)?
            .is_some_and(|envelope| envelope.time < limits.horizon);
    if resume.log_index >= tip.end_index || (is_in_memory && !is_expired) {
        return Ok(resume);
    }
    let oldest = locate::at_time(journal, tip, limits.horizon).await?;
    Ok(Resume {
        log_index: resume.log_index.max(oldest.log_index),
        ordinal: resume.ordinal.max(oldest.ordinal),
    })
}

/// Adds entries in memory. Says whether the batch is full.
fn read_memory(
    journal: &Journal,
    keys: &Arc<KeyRing>,
    limits: &ReadLimits,
    batch: &mut ReadBatch,
) -> Result<bool, LogError> {
    loop {
        let mut entries: Vec<Entry> = Vec::new();
        let (mut records, mut bytes) = (batch.len(), batch.stored_bytes());
        // The handles only, under the journal's lock; records are looked at after it.
        journal.visit_tail(batch.next.log_index, batch.tip.end_index, |entry| {
            records += entry.envelope().record_count as usize;
            bytes += entry.payload().len();
            entries.push(entry.clone());
            records < limits.records_max && bytes < limits.bytes_max
        });
        if entries.is_empty() {
            return Ok(false);
        }
        for entry in &entries {
            if !batch.add(entry, limits, keys)? {
                return Ok(true);
            }
        }
    }
}

/// Adds entries on the disk, up to those in memory. Says whether the batch is full.
fn read_disk(
    journal: &Journal,
    keys: &Arc<KeyRing>,
    limits: &ReadLimits,
    batch: &mut ReadBatch,
) -> Result<bool, LogError> {
    let range = LogKey::between(journal.shard(), batch.next.log_index, batch.tip.end_index);
    let (mut is_full, mut failed) = (false, None);
    journal
        .store()
        .scan(Family::Log, &range, Order::Forward, &mut |key, value| {
            let entry = LogKey::decode(key).map_err(LogError::from).and_then(|key| {
                if key.index > batch.next.log_index {
                    journal.check_trimmed(key.index - 1)?;
                }
                Ok(Entry::decode(key, &value)?)
            });
            match entry.and_then(|entry| Ok(batch.add(&entry, limits, keys)?)) {
                Ok(true) => {
                    let in_memory = journal.tail_start().unwrap_or(u64::MAX);
                    if batch.next.log_index < in_memory {
                        return ControlFlow::Continue(());
                    }
                }
                Ok(false) => is_full = true,
                Err(error) => failed = Some(error),
            }
            ControlFlow::Break(())
        })?;
    failed.map_or(Ok(is_full), Err)
}
