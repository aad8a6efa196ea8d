//! Work that may wait for the disk, done where waiting is allowed: the runtime's own threads serve everybody.

use anabranch_store::{Store, StoreError};

/// Does `work`, which reads `store`: on a thread of its own where the store may wait for a device, here where it never does.
pub(crate) async fn where_it_may_wait<T: Send + 'static>(
    store: &dyn Store,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    if !store.waits() {
        return Ok(work());
    }
    // The runtime is going away: so is the store.
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| StoreError::Closed)
}
