//! The catalog of one machine: every object under a key of its own in the store, all of it in memory.
//!
//! Owns the order of changes: one at a time, applied to the newest snapshot, durable in the same group commit as
//! records, then shown. Invariant: a crash loses no change that was shown, and half of none.

mod object;

use std::ops::ControlFlow;
use std::sync::Arc;

use anabranch_domain::catalog::{Account, Change, ObjectKey, Restore, RestoreError, Snapshot};
use anabranch_domain::quota::Limits;
use anabranch_store::keys::CatalogKey;
use anabranch_store::{Family, Order, Store, StoreError, WriteSet, commit};
use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, watch};
use tracing::warn;

use self::object::{StreamNames, key_on_disk};
use super::{Catalog, CatalogError};
use crate::clock::Clock;

/// Desired state in the local store.
pub struct LocalCatalog {
    state: Arc<State>,
}

struct State {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    newest: ArcSwap<Snapshot>,
    version: watch::Sender<u64>,
    /// Held while a change is decided and made durable.
    writing: Mutex<()>,
}

/// Why the catalog cannot be read at the start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The disk failed.
    #[error("read the catalog")]
    Store(#[from] StoreError),
    /// What is stored makes no catalog.
    #[error("restore the catalog")]
    Restore(#[from] RestoreError),
}

impl LocalCatalog {
    /// Reads the catalog of `account` from `store`; an empty store is an empty catalog.
    pub fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        account: Account,
        limits: Limits,
    ) -> Result<Self, OpenError> {
        let snapshot = restore(&*store, Restore::new(account, limits))?;
        let version = watch::Sender::new(snapshot.version);
        let state = State {
            store,
            clock,
            newest: ArcSwap::from_pointee(snapshot),
            version,
            writing: Mutex::new(()),
        };
        Ok(Self {
            state: Arc::new(state),
        })
    }
}

impl State {
    async fn change(&self, change: Change) -> Result<Arc<Snapshot>, CatalogError> {
        let _turn = self.writing.lock().await;
        let before = self.newest.load_full();
        let (after, touched) = before.apply(&change, self.clock.now())?;
        let after = Arc::new(after);
        let set = write_set(&before, &after, &touched);
        if !set.is_empty() {
            commit(&*self.store, set).await?;
        }
        self.newest.store(Arc::clone(&after));
        self.version.send_replace(after.version);
        Ok(after)
    }
}

impl Catalog for LocalCatalog {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.state.newest.load_full()
    }

    /// A change that was begun is ended, also when its caller goes away: dropped between the disk and the snapshot, it
    /// would be durable and not shown, and the next change would be decided on a catalog that no longer is.
    fn commit(&self, change: Change) -> BoxFuture<'_, Result<Arc<Snapshot>, CatalogError>> {
        let state = Arc::clone(&self.state);
        let changing = tokio::spawn(async move { state.change(change).await });
        Box::pin(async move {
            match changing.await {
                Ok(outcome) => outcome,
                Err(failure) if failure.is_panic() => {
                    std::panic::resume_unwind(failure.into_panic())
                }
                // The process stops.
                Err(_) => Err(StoreError::Closed.into()),
            }
        })
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.state.version.subscribe()
    }
}

/// The writes that take the disk from one snapshot to the next. Small and needed to free space, so the disk's reserve
/// is theirs to use.
fn write_set(before: &Snapshot, after: &Snapshot, touched: &[ObjectKey]) -> WriteSet {
    let mut set = WriteSet::new();
    for object in touched {
        // A stream that was deleted and made again in one change is two streams on disk.
        let (old, new) = (key_on_disk(before, object), key_on_disk(after, object));
        let bytes = after.object_bytes(object);
        if let Some(old) = old.filter(|old| bytes.is_none() || new.as_ref() != Some(old)) {
            set.delete(Family::Catalog, old.encode());
        }
        if let (Some(new), Some(bytes)) = (new, bytes) {
            set.put_critical(Family::Catalog, new.encode(), bytes);
        }
    }
    set
}

fn restore(store: &dyn Store, mut restore: Restore) -> Result<Snapshot, OpenError> {
    let mut names = StreamNames::default();
    let mut failed = None;
    let range = CatalogKey::everything();
    let mut visit = |key: &[u8], bytes: Bytes| match add(&mut restore, &mut names, key, &bytes) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    };
    store.scan(Family::Catalog, &range, Order::Forward, &mut visit)?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(restore.finish()?),
    }
}

fn add(
    restore: &mut Restore,
    names: &mut StreamNames,
    key: &[u8],
    bytes: &[u8],
) -> Result<(), RestoreError> {
    let Ok(key) = CatalogKey::decode(key) else {
        warn!(?key, "unknown key in the catalog left alone");
        return Ok(());
    };
    match names.object(&key, bytes) {
        Some(object) => restore.add(&object, bytes),
        None => Ok(()),
    }
}
