//! Whether the file system still takes changes, asked after each sync and before anybody is answered.
//!
//! A sync that says yes is not enough. Where an ext4 file system meets an error it stops its journal; a sync that is under way at
//! that moment writes the data, cannot write down where they lie, and reports success all the same (seen on Linux 6.18, 7
//! of 60 such errors under load). What it wrote is gone at the next mount. A file system that shuts down never
//! takes changes again, so one that takes one after the sync had its journal during it.

use std::{fs::File, path::Path, time::SystemTime};

use super::fault::io_error;
use crate::StoreError;

/// A file of the data directory whose modification time is that of the last sync.
#[derive(Debug)]
pub(super) struct Witness {
    file: File,
}

impl Witness {
    /// A witness in the directory `dir`.
    pub(super) fn new(dir: &Path) -> Result<Self, StoreError> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join("SYNCED"));
        let file = file.map_err(|error| io_error("create SYNCED", &error))?;
        Ok(Self { file })
    }

    /// Fails where the file system takes no changes. About five microseconds.
    pub(super) fn ask(&self) -> Result<(), StoreError> {
        // Twice: ext4 finds a journal that has stopped only when it notes the first, and reports it from the second on.
        let now = SystemTime::now();
        self.file
            .set_modified(now)
            .and_then(|()| self.file.set_modified(now))
            .map_err(|error| io_error("sync", &error))
    }
}
