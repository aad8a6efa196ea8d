//! Named places where a test may stop the process or make the disk fail.
//!
//! Always compiled in, and armed at run time: a cargo feature would make a second set of features, and so a second build
//! of RocksDB, and tests would kill another binary than the one that is shipped. Until [`arm_from_environment`] finds
//! `ANABRANCH_FAILPOINTS=1`, a point costs one relaxed load; nothing else reads the `FAILPOINTS` variable.
//!
//! `FAILPOINTS` has the syntax of the `fail` crate (`name=[p%][n*]action;…`). Its `return(what)` action means here:
//! `abort` kills the process on the spot, `enospc` and `eio` fail as the disk would.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{DiskFault, StoreError};

static ARMED: AtomicBool = AtomicBool::new(false);

/// Before anything in the data directory is made.
pub const OPEN_BEFORE_FORMAT: &str = "store-open-before-format";
/// The format file is written under another name and not renamed.
pub const OPEN_BEFORE_FORMAT_RENAME: &str = "store-open-before-format-rename";
/// The data directory is marked, RocksDB has not been opened.
pub const OPEN_BEFORE_ROCKS: &str = "store-open-before-rocks";
/// RocksDB has replayed its log, nobody has been served.
pub const OPEN_AFTER_ROCKS: &str = "store-open-after-rocks";
/// A group was taken from the queue, nothing is written.
pub const COMMIT_BEFORE_WRITE: &str = "store-commit-before-write";
/// A group is in the write-ahead log and not synced.
pub const COMMIT_BEFORE_SYNC: &str = "store-commit-before-sync";
/// A group is on stable storage, nobody has been told.
pub const COMMIT_BEFORE_CALLBACKS: &str = "store-commit-before-callbacks";
/// The first writer of a group has been told, the others have not.
pub const COMMIT_BETWEEN_CALLBACKS: &str = "store-commit-between-callbacks";
/// Space is to be released, nothing is done.
pub const RELEASE_BEFORE_FILES: &str = "store-release-before-files";
/// Whole files are unlinked, the rest is not compacted.
pub const RELEASE_BEFORE_COMPACTION: &str = "store-release-before-compaction";
/// The range is compacted, shared blob files are not rewritten.
pub const RELEASE_BEFORE_COLLECTION: &str = "store-release-before-collection";
/// Everything is released.
pub const RELEASE_AFTER: &str = "store-release-after";
/// The queue is drained, RocksDB is not closed.
pub const CLOSE_BEFORE_FLUSH: &str = "store-close-before-flush";

/// Every point of this crate, in the order in which a process meets them.
pub const NAMES: [&str; 13] = [
    OPEN_BEFORE_FORMAT,
    OPEN_BEFORE_FORMAT_RENAME,
    OPEN_BEFORE_ROCKS,
    OPEN_AFTER_ROCKS,
    COMMIT_BEFORE_WRITE,
    COMMIT_BEFORE_SYNC,
    COMMIT_BEFORE_CALLBACKS,
    COMMIT_BETWEEN_CALLBACKS,
    RELEASE_BEFORE_FILES,
    RELEASE_BEFORE_COMPACTION,
    RELEASE_BEFORE_COLLECTION,
    RELEASE_AFTER,
    CLOSE_BEFORE_FLUSH,
];

/// A `FAILPOINTS` variable that says nothing sensible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("FAILPOINTS: {part:?}: {reason}")]
pub struct InvalidFailpoints {
    part: String,
    reason: String,
}

/// Arms the points that `FAILPOINTS` names, if `ANABRANCH_FAILPOINTS` is `1`. To be called once, by `main`.
pub fn arm_from_environment() -> Result<(), InvalidFailpoints> {
    if std::env::var_os("ANABRANCH_FAILPOINTS").is_none_or(|value| value != "1") {
        return Ok(());
    }
    arm(&std::env::var("FAILPOINTS").unwrap_or_default())
}

/// Arms the points that `points` names, beside those that are armed already.
pub fn arm(points: &str) -> Result<(), InvalidFailpoints> {
    for part in points
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let invalid = |reason: String| InvalidFailpoints {
            part: part.to_owned(),
            reason,
        };
        let (name, actions) = part
            .split_once('=')
            .ok_or_else(|| invalid("no '='".to_owned()))?;
        fail::cfg(name.trim(), actions.trim()).map_err(invalid)?;
    }
    ARMED.store(true, Ordering::Relaxed);
    Ok(())
}

/// Whether any point may be armed.
pub(crate) fn armed() -> bool {
    ARMED.load(Ordering::Relaxed)
}

/// The process passes the point `name`. Also for the crates above: their points are in their own lists.
pub fn pass(name: &'static str) -> Result<(), StoreError> {
    if !armed() {
        return Ok(());
    }
    match action(name).as_deref() {
        None => Ok(()),
        Some("abort") => std::process::abort(),
        Some("enospc") => Err(failure(name, DiskFault::NoSpace)),
        Some(_) => Err(failure(name, DiskFault::Io)),
    }
}

fn action(name: &'static str) -> Option<String> {
    fail::fail_point!(name, |argument: Option<String>| Some(
        argument.unwrap_or_default()
    ));
    None
}

fn failure(name: &'static str, fault: DiskFault) -> StoreError {
    StoreError::Disk {
        doing: name,
        fault,
        detail: "injected by a fail-point".into(),
    }
}
