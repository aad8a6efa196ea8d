//! Writes whose end is not known yet. A group that failed is started again only when there are none: before that, one
//! of them might still appear on the disk.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

/// A count of writes under way.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    count: AtomicUsize,
    settled: Notify,
}

impl Unsettled {
    /// One more, until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> UnsettledWrite {
        self.count.fetch_add(1, Ordering::AcqRel);
        UnsettledWrite(self.clone())
    }

    /// Waits until there are none.
    pub(super) async fn settled(&self) {
        loop {
            let settled = self.settled.notified();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            settled.await;
        }
    }
}

/// A write under way.
#[derive(Debug)]
pub(super) struct UnsettledWrite(Arc<Unsettled>);

impl Drop for UnsettledWrite {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.settled.notify_waiters();
        }
    }
}
