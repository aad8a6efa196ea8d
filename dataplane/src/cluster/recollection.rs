//! What a gateway saw last, in a directory that outlives its process but not its pod: so that one that is started again while
//! the Kubernetes API does not answer goes on with what it knew.
//!
//! No other process is asked for it: a pod that is new needs the Kubernetes API to be there at all. **Invariant:** what is
//! recalled is as it was kept, whole, or is not there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::sleep;
use tracing::warn;

use crate::catalog::Catalog as _;
use crate::catalog::kubernetes::KubernetesCatalog;

/// Changes of the catalog that come within this time are written down together.
const PACE: Duration = Duration::from_secs(1);

/// A directory of things that were seen.
#[derive(Debug, Clone)]
pub(super) struct Recollection {
    directory: Option<PathBuf>,
}

impl Recollection {
    /// In this directory; without one nothing is kept.
    pub(super) fn in_directory(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// Keeps something under a name, in place of what was kept before. That it cannot be kept is said and is no failure.
    pub(super) fn keep(&self, name: &str, what: &impl Serialize) {
        let Some(directory) = &self.directory else {
            return;
        };
        if let Err(failure) = write(directory, name, what) {
            warn!(name, %failure, "not kept for the next start");
        }
    }

    /// What was kept under a name.
    pub(super) fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
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

/// Keeps the catalog as it changes, until dropped.
pub(super) async fn keep_catalog(recollection: Recollection, catalog: Arc<KubernetesCatalog>) {
    if recollection.directory.is_none() {
        return;
    }
    let mut versions = catalog.subscribe();
    while versions.changed().await.is_ok() {
        if catalog.is_listed() {
            recollection.keep(CATALOG, &catalog.objects());
        }
        sleep(PACE).await;
    }
}

/// The catalog's objects.
pub(super) const CATALOG: &str = "catalog.json";
/// Access keys from labelled Secrets.
pub(super) const KEYS: &str = "keys.json";
/// Where shard pods are.
pub(super) const PODS: &str = "pods.json";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_was_kept_is_recalled_and_what_is_torn_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().to_owned();
        let recollection = Recollection::in_directory(Some(path.clone()));
        assert_eq!(recollection.recall::<u32>(PODS), None);
        let pods = BTreeMap::from([("a-0", 1), ("a-1", 2)]);
        recollection.keep(PODS, &pods);
        let recalled: BTreeMap<String, u32> = recollection.recall(PODS).expect("kept");
        assert_eq!(recalled.len(), 2);
        std::fs::write(path.join(PODS), "{\"a-0\":").expect("written");
        assert_eq!(recollection.recall::<BTreeMap<String, u32>>(PODS), None);
        let nowhere = Recollection::in_directory(None);
        nowhere.keep(KEYS, &pods);
        assert_eq!(nowhere.recall::<u32>(KEYS), None);
    }
}
