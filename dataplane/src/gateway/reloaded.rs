//! A value read from files (access keys, a certificate) and read again when one of them changes, without a restart.
//!
//! Files are looked at at a steady pace and not watched: a mounted Secret changes by a swapped symlink, which file
//! notifications are known to miss. Invariant: what was read last without an error stays in force; a broken file is
//! reported once and never takes effect.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::MissedTickBehavior;
use tracing::{error, info};

/// Where a value comes from.
pub trait Source: Send + Sync + 'static {
    /// What the files hold.
    type Value: Send + Sync + 'static;
    /// Why they do not hold it; `Display` names the file, the place in it, and what to write instead.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The files. A change of any of them is a change.
    fn files(&self) -> Vec<&Path>;

    /// Reads them.
    fn load(&self) -> Result<Self::Value, Self::Error>;
}

/// The newest good value of a source.
pub struct Reloaded<S: Source> {
    source: S,
    current: ArcSwap<S::Value>,
    /// What the files looked like just before they were last read.
    seen: Mutex<Vec<Option<Stamp>>>,
}

/// What changes when a file is written, replaced, or reached by another symlink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified_secs: i64,
    modified_nanos: i64,
}

impl Stamp {
    /// The file's stamp, or `None` while there is no such file.
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified_secs: metadata.mtime(),
            modified_nanos: metadata.mtime_nsec(),
        })
    }
}

impl<S: Source> Reloaded<S> {
    /// Reads the value for the first time; here an error is the caller's to report.
    pub fn open(source: S) -> Result<Self, S::Error> {
        // Looked at first: what is written while they are read is then found at the next look.
        let seen = stamps(&source);
        let value = source.load()?;
        Ok(Self {
            source,
            current: ArcSwap::from_pointee(value),
            seen: Mutex::new(seen),
        })
    }

    /// The value in force. Cheap, and never waits.
    pub fn current(&self) -> Arc<S::Value> {
        self.current.load_full()
    }

    /// Reads the value again if a file has changed since the last time; says whether it did.
    pub fn refresh(&self) -> Result<bool, S::Error> {
        let now = stamps(&self.source);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == now {
                return Ok(false);
            }
            *seen = now;
        }
        self.current.store(Arc::new(self.source.load()?));
        Ok(true)
    }

    /// Refreshes for ever, so often. Ends when its task does.
    pub async fn follow(self: Arc<Self>, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let this = Arc::clone(&self);
            // A disk that hangs must not hold up a thread that runs requests.
            match tokio::task::spawn_blocking(move || this.refresh()).await {
                Ok(Ok(false)) => {}
                Ok(Ok(true)) => info!(files = ?self.source.files(), "reloaded"),
                Ok(Err(error)) => {
                    error!(%error, files = ?self.source.files(), "not reloaded; the last good content stays in force");
                }
                Err(error) => error!(%error, files = ?self.source.files(), "not reloaded"),
            }
        }
    }
}

fn stamps(source: &impl Source) -> Vec<Option<Stamp>> {
    source.files().into_iter().map(Stamp::of).collect()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;

    struct Text(PathBuf);

    impl Source for Text {
        type Value = String;
        type Error = io::Error;

        fn files(&self) -> Vec<&Path> {
            vec![&self.0]
        }

        fn load(&self) -> io::Result<String> {
            fs::read_to_string(&self.0)
        }
    }

    #[test]
    fn a_change_takes_effect_and_a_loss_does_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        fs::write(&path, "one").expect("written");
        let text = Reloaded::open(Text(path.clone())).expect("read");
        assert!(!text.refresh().expect("read"));

        fs::write(&path, "another").expect("written");
        assert!(text.refresh().expect("read"));
        assert_eq!(*text.current(), "another");

        fs::remove_file(&path).expect("removed");
        text.refresh().expect_err("there is no file");
        assert!(!text.refresh().expect("reported once"));
        assert_eq!(*text.current(), "another");

        fs::write(&path, "back").expect("written");
        assert!(text.refresh().expect("read"));
        assert_eq!(*text.current(), "back");
    }

    #[test]
    fn a_swapped_symlink_is_a_change() {
        let directory = tempfile::tempdir().expect("a directory");
        let [old, new, link] = ["old", "new", "link"].map(|name| directory.path().join(name));
        fs::write(&old, "old").expect("written");
        fs::write(&new, "new").expect("written");
        std::os::unix::fs::symlink(&old, &link).expect("linked");
        let text = Reloaded::open(Text(link.clone())).expect("read");
        fs::remove_file(&link).expect("removed");
        std::os::unix::fs::symlink(&new, &link).expect("linked");
        assert!(text.refresh().expect("read"));
        assert_eq!(*text.current(), "new");
    }
}
