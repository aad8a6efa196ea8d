//! What a gateway saw last, in a directory that outlives its process but not its pod: so that one that is started again while
//! the Kubernetes API does not answer goes on with what it knew. No other process is asked for it: a pod that is new needs the
//! Kubernetes API to be there at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::catalog::Catalog as _;
use crate::catalog::kubernetes::KubernetesCatalog;
use crate::recollection::Recollection;

/// Changes of the catalog that come within this time are written down together.
const PACE: Duration = Duration::from_secs(1);

/// Keeps the catalog as it changes, until dropped.
pub(super) async fn keep_catalog(recollection: Recollection, catalog: Arc<KubernetesCatalog>) {
    if recollection.is_nowhere() {
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
