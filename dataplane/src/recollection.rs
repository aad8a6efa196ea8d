//! What a process saw last, in files of its own: so that one that is started again goes on with what it knew.
//!
//! **Invariant:** what is recalled is as it was kept, whole, or is not there.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::warn;

/// A directory of things that were seen.
#[derive(Debug, Clone)]
pub(crate) struct Recollection {
    directory: Option<PathBuf>,
}

impl Recollection {
    /// In this directory; without one nothing is kept.
    pub(crate) fn in_directory(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// Whether nothing is kept.
    pub(crate) fn is_nowhere(&self) -> bool {
        self.directory.is_none()
    }

    /// Keeps something under a name, in place of what was kept before. That it cannot be kept is said and is no failure.
    pub(crate) fn keep(&self, name: &str, what: &impl Serialize) {
        let Some(directory) = &self.directory else {
            return;
        };
        if let Err(failure) = write(directory, name, what) {
            warn!(name, %failure, "not kept for the next start");
        }
    }

    /// What was kept under a name.
    pub(crate) fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let path = self.directory.as_ref()?.join(name);
        let bytes = std::fs::read(&path).ok()?;
        match serde_json::from_slice(&bytes) {
            Ok(what) => Some(what),
            Err(failure) => {
                warn!(name, %failure, "what was kept cannot be read, and is left alone");
                None
            }
        }
    }
}

fn write(directory: &Path, name: &str, what: &impl Serialize) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let (unfinished, path) = (directory.join(format!("{name}.new")), directory.join(name));
    let mut options = std::fs::OpenOptions::new();
    // Access keys are among it.
    options.write(true).create(true).truncate(true).mode(0o600);
    let file = options.open(&unfinished).context("open")?;
    let mut file = std::io::BufWriter::new(file);
    serde_json::to_writer(&mut file, what).context("write")?;
    file.into_inner().context("write")?;
    std::fs::rename(&unfinished, &path).context("rename")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const KEPT: &str = "kept.json";

    #[test]
    fn what_was_kept_is_recalled_and_what_is_torn_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().to_owned();
        let recollection = Recollection::in_directory(Some(path.clone()));
        assert_eq!(recollection.recall::<u32>(KEPT), None);
        let pods = BTreeMap::from([("a-0", 1), ("a-1", 2)]);
        recollection.keep(KEPT, &pods);
        let recalled: BTreeMap<String, u32> = recollection.recall(KEPT).expect("kept");
        assert_eq!(recalled.len(), 2);
        std::fs::write(path.join(KEPT), "{\"a-0\":").expect("written");
        assert_eq!(recollection.recall::<BTreeMap<String, u32>>(KEPT), None);
        let nowhere = Recollection::in_directory(None);
        nowhere.keep(KEPT, &pods);
        assert_eq!(nowhere.recall::<u32>(KEPT), None);
    }
}
