//! The disk's reserve: how much is free, and whether puts may go on.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::fs::statvfs;

use super::{fault::io_error, options::ReserveSize};
use crate::{Reserve, StoreError};

/// Watches the free space of one file system.
#[derive(Debug)]
pub(super) struct DiskReserve {
    path: PathBuf,
    size: ReserveSize,
    /// As of the last look, for those who only want to know about.
    free_bytes: AtomicU64,
    reserve_bytes: AtomicU64,
}

impl DiskReserve {
    pub(super) fn new(path: &Path, size: ReserveSize) -> Result<Self, StoreError> {
        let reserve = Self {
            path: path.to_owned(),
            size,
            free_bytes: AtomicU64::new(0),
            reserve_bytes: AtomicU64::new(0),
        };
        reserve.look()?;
        Ok(reserve)
    }

    /// Asks the file system. About a microsecond: cheap enough for every group commit.
    pub(super) fn look(&self) -> Result<Reserve, StoreError> {
        let facts =
            statvfs(&self.path).map_err(|error| io_error("read free disk space", &error.into()))?;
        self.free_bytes.store(
            facts.f_bavail.saturating_mul(facts.f_frsize),
            Ordering::Relaxed,
        );
        let total_bytes = facts.f_blocks.saturating_mul(facts.f_frsize);
        self.reserve_bytes
            .store(self.size.of(total_bytes), Ordering::Relaxed);
        Ok(self.last())
    }

    /// What the last look said.
    pub(super) fn last(&self) -> Reserve {
        if self.free_bytes() < self.reserve_bytes() {
            Reserve::Low
        } else {
            Reserve::Whole
        }
    }

    pub(super) fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn reserve_bytes(&self) -> u64 {
        self.reserve_bytes.load(Ordering::Relaxed)
    }

    /// The refusal of a put.
    pub(super) fn refusal(&self) -> StoreError {
        StoreError::StorageLow {
            free_bytes: self.free_bytes(),
            reserve_bytes: self.reserve_bytes(),
        }
    }
}
