//! Reading every entry on the disk now and then, before somebody who needs it finds it damaged: while another replica
//! still has it.
//!
//! Goes through the disk and not through shards, so it also sees what no reader asks for. Knows no time: who calls decides
//! how fast it goes.

use std::{ops::ControlFlow, sync::Arc};

use anabranch_domain::ShardUid;
use anabranch_store::{Family, KeyRange, Order, Store, entry::Entry, keys::LogKey};

use super::ShardRegistry;
use crate::{
    replication::{LogError, Mended},
    waiting::where_it_may_wait,
};

/// One step reads no further once it has so many bytes.
const STEP_BYTES_ENOUGH: usize = 1 << 20;

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Bytes read.
    pub bytes: u64,
    /// Entries that are damaged and that no other replica gave.
    pub lost: u64,
    /// Whether the end of the disk was reached; the next step begins from the front.
    pub is_through: bool,
}

/// Goes through all logs of one process, a step at a time.
#[derive(Debug)]
pub struct Scrubber {
    registry: Arc<ShardRegistry>,
    /// Where the next step begins; nothing: at the front.
    at: Option<LogKey>,
}

/// How one look along the disk ended.
enum Look {
    Through,
    Enough(LogKey),
    Damaged(LogKey),
}

impl Scrubber {
    /// Over the logs of `registry`'s disk.
    pub fn new(registry: Arc<ShardRegistry>) -> Self {
        Self { registry, at: None }
    }

    /// Reads on for about a mebibyte, or up to a damaged entry, which is mended. The error is the disk's.
    pub async fn step(&mut self) -> Result<Scrubbed, LogError> {
        let (store, at) = (Arc::clone(self.registry.store()), self.at);
        let looked = where_it_may_wait(&**self.registry.store(), move || look(&*store, at));
        let (look, bytes) = looked.await??;
        let mut scrubbed = Scrubbed {
            bytes,
            ..Scrubbed::default()
        };
        match look {
            Look::Through => {
                self.at = None;
                scrubbed.is_through = true;
            }
            Look::Enough(next) => self.at = Some(next),
            Look::Damaged(key) => {
                let mended = match self.registry.mend(key).await {
                    // Not even its end can be read: who keeps the shard led sees to that first.
                    Err(error) if error.damaged_entry().is_some() => Some(Mended::Lost),
                    mended => mended?,
                };
                scrubbed.lost = u64::from(matches!(mended, None | Some(Mended::Lost)));
                self.at = match mended {
                    // Behind it there may be nothing to read: a damaged block hides where a log ends.
                    None | Some(Mended::NoEntry) => after(key.shard),
                    Some(_) => Some(LogKey::new(key.shard, key.index.saturating_add(1))),
                };
                scrubbed.is_through = self.at.is_none();
            }
        }
        Ok(scrubbed)
    }
}

/// Reads from `at` on. Blocks.
fn look(store: &dyn Store, at: Option<LogKey>) -> Result<(Look, u64), LogError> {
    let range = match at {
        Some(key) => KeyRange::new(key.encode(), KeyRange::prefix([]).end()),
        None => KeyRange::prefix([]),
    };
    let (mut previous, mut bytes, mut ended) = (None::<LogKey>, 0, None);
    let scanned = store.scan(Family::Log, &range, Order::Forward, &mut |key, value| {
        let Ok(key) = LogKey::decode(key) else {
            return ControlFlow::Continue(());
        };
        let next = |key: LogKey| LogKey::new(key.shard, key.index.saturating_add(1));
        let missing = previous
            .filter(|previous| previous.shard == key.shard)
            .map(next)
            .filter(|expected| *expected != key);
        if let Some(missing) = missing {
            ended = Some(Look::Damaged(missing));
            return ControlFlow::Break(());
        }
        bytes += value.len();
        if Entry::decode(key, &value).is_err() {
            ended = Some(Look::Damaged(key));
            return ControlFlow::Break(());
        }
        previous = Some(key);
        if bytes >= STEP_BYTES_ENOUGH {
            ended = Some(Look::Enough(next(key)));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let bytes = bytes as u64;
    match scanned {
        Ok(()) => Ok((ended.unwrap_or(Look::Through), bytes)),
        Err(error) => {
            let error = LogError::Store(error);
            match error.damaged_entry() {
                Some(key) => Ok((Look::Damaged(key), bytes)),
                None => Err(error),
            }
        }
    }
}

/// The first key after the log of `shard`.
fn after(shard: ShardUid) -> Option<LogKey> {
    let next = shard.to_bits().checked_add(1)?;
    Some(LogKey::new(ShardUid::from_bits(next), 0))
}
