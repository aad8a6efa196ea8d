//! Whether the disk has room, asked before an append is taken in: a refusal further down would stop the group.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use anabranch_store::{Reserve, Store};

use super::AppendError;
use crate::clock::Clock;

/// How long one measurement counts. A disk that takes 1 GB/s loses 100 MB meanwhile, which the reserve has room for;
/// and the store itself refuses below it.
const FRESH_MS: u64 = 100;

/// The last measurement of the disk.
pub(super) struct ReserveGate {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    measured_at_ms: AtomicU64,
    is_low: AtomicBool,
}

impl ReserveGate {
    /// Nothing measured yet.
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            measured_at_ms: AtomicU64::new(0),
            is_low: AtomicBool::new(false),
        }
    }

    /// Refuses when the disk is below its reserve.
    pub(super) fn check(&self) -> Result<(), AppendError> {
        let now_ms = self.clock.now().as_millis();
        let measured_at_ms = self.measured_at_ms.load(Ordering::Relaxed);
        if now_ms.abs_diff(measured_at_ms) >= FRESH_MS {
            self.measured_at_ms.store(now_ms, Ordering::Relaxed);
            // A disk that cannot be measured says why when it is written to.
            let is_low = self
                .store
                .usage()
                .is_ok_and(|usage| usage.reserve == Reserve::Low);
            self.is_low.store(is_low, Ordering::Relaxed);
        }
        if self.is_low.load(Ordering::Relaxed) {
            return Err(AppendError::StorageLow);
        }
        Ok(())
    }
}

impl fmt::Debug for ReserveGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReserveGate")
            .field("is_low", &self.is_low)
            .finish_non_exhaustive()
    }
}
