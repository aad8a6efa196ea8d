//! Failures of the disk and of RocksDB, told apart by what the caller must do.

use std::io;

use rocksdb::{Error, ErrorKind};

use crate::{DiskFault, Family, StoreError, keys::LogKey};

/// What RocksDB's `error` means for who was `doing` something in `family`.
pub(super) fn rocks_error(doing: &'static str, family: Family, error: &Error) -> StoreError {
    let detail = error.as_ref();
    match error.kind() {
        ErrorKind::Corruption => StoreError::Corrupt {
            doing,
            family,
            entry: None,
            detail: detail.into(),
        },
        ErrorKind::ShutdownInProgress => StoreError::Closed,
        _ => StoreError::Disk {
            doing,
            fault: fault_in(detail),
            detail: detail.into(),
        },
    }
}

/// What RocksDB's `error` means for who was `doing` something with the value under `key`.
pub(super) fn read_error(
    doing: &'static str,
    family: Family,
    key: &[u8],
    error: &Error,
) -> StoreError {
    match rocks_error(doing, family, error) {
        StoreError::Corrupt { detail, .. } if family == Family::Log => {
            let entry = LogKey::decode(key).ok();
            StoreError::Corrupt {
                doing,
                family,
                entry,
                detail,
            }
        }
        error => error,
    }
}

/// What the system's `error` means for who was `doing` something.
pub(super) fn io_error(doing: &'static str, error: &io::Error) -> StoreError {
    let fault = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DiskFault::NoSpace,
        io::ErrorKind::ReadOnlyFilesystem => DiskFault::ReadOnly,
        _ => DiskFault::Io,
    };
    StoreError::Disk {
        doing,
        fault,
        detail: error.to_string().into(),
    }
}

/// RocksDB's binding keeps the system's words and not its number.
fn fault_in(detail: &str) -> DiskFault {
    let says = |words: &str| detail.contains(words);
    if says("No space left on device") || says("Disk quota exceeded") || says("NoSpace") {
        DiskFault::NoSpace
    } else if says("Read-only file system") {
        DiskFault::ReadOnly
    } else {
        DiskFault::Io
    }
}
