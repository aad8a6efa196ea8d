//! The trait that everything above the disk is written against. Two implementations, one conformance suite.

use std::ops::ControlFlow;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::{Family, KeyRange, StoreError, Usage, WriteSet};

/// Called once, from the commit thread: it must be short and must not call back into the store.
pub type Done = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Which way a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the smallest key up.
    Forward,
    /// From the greatest key down.
    Backward,
}

/// Ordered bytes that survive a crash.
pub trait Store: Send + Sync + 'static {
    /// Queues `set`; `done` hears of it when it is on stable storage (or certainly refused, or failed).
    ///
    /// Sets become durable and visible in the order of submission, whole or not at all, and `done` is called in that
    /// order, but for refusals, which may overtake. A log key is written once: delete it before writing it again.
    /// Never blocks: a full queue answers [`StoreError::Overloaded`] at once, on the caller's thread.
    fn submit(&self, set: WriteSet, done: Done);

    /// Whether a put of `bytes` would be taken now: what to ask before promising a place in an order that must have no
    /// holes. A Raft log asks here first, and then writes with [`WriteSet::put_critical`].
    fn admits(&self, bytes: usize) -> Result<(), StoreError>;

    /// The value under `key`.
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// The first [`crate::entry::HEADER_LEN`] bytes of a log value (or all of a shorter one), without reading the rest
    /// of it: for binary searches by ordinal or time.
    fn head(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Visits the keys of `range` with their values in `order` until `visit` breaks. Sees a consistent moment.
    fn scan(
        &self,
        family: Family,
        range: &KeyRange,
        order: Order,
        visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Gives the space of `range`, whose keys were deleted before, back to the file system. Blocks for as long as the
    /// disk needs: call it from a thread that may wait, seldom, and for ranges worth it.
    fn release(&self, family: Family, range: &KeyRange) -> Result<(), StoreError>;

    /// Whether reading may wait for a device: then it is done on a thread that may wait, too.
    fn waits(&self) -> bool {
        true
    }

    /// How full the disk is.
    fn usage(&self) -> Result<Usage, StoreError>;
}

/// Writes `set` and waits until it is durable.
pub async fn commit(store: &dyn Store, set: WriteSet) -> Result<(), StoreError> {
    let (sender, receiver) = oneshot::channel();
    // The waiter may be gone (a cancelled request): then nobody wants to know.
    store.submit(set, Box::new(move |result| drop(sender.send(result))));
    receiver.await.unwrap_or(Err(StoreError::Closed))
}
