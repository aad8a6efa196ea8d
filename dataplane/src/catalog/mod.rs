//! Who is what and where: streams, shards, consumers, reshards, the account.
//!
//! [`Catalog`] is the one way to change desired state. Readers hold an immutable [`Snapshot`]; writers name a
//! [`Change`], which the domain accepts or refuses as a pure function, so that every implementation (a local store, the
//! Kubernetes API) decides alike. Invariant: a snapshot that was handed out is durable.

mod changes;
pub mod kubernetes;
pub mod local;

use std::sync::Arc;

use anabranch_domain::catalog::{Change, ChangeError, Snapshot};
use anabranch_store::StoreError;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

pub use changes::{StreamChange, stream_changes};

/// Desired state behind a snapshot, a change and a watch.
pub trait Catalog: Send + Sync + 'static {
    /// The newest durable state. Cheap; hold it for one request.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Applies `change` to the newest state and makes it durable before it returns.
    fn commit(&self, change: Change) -> BoxFuture<'_, Result<Arc<Snapshot>, CatalogError>>;

    /// Sees the version of every new snapshot.
    fn subscribe(&self) -> watch::Receiver<u64>;

    /// Whether what is shown is what is so, as far as is known: `false` while whoever keeps the catalog cannot be heard. What is not shown
    /// then may be there all the same.
    fn is_current(&self) -> bool {
        true
    }
}

/// Why a change did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The domain refuses the change: the caller must ask for something else.
    #[error(transparent)]
    Refused(#[from] ChangeError),
    /// The change was right but could not be made durable: the caller may retry.
    #[error("make a change of the catalog durable")]
    Store(#[from] StoreError),
    /// What keeps the catalog could not be asked, or refused what the domain accepts: the caller may retry.
    #[error("change the catalog: {0}")]
    Unavailable(String),
}
