//! What every process of a cluster has: what it keeps doing beside answering, and the order in which both end.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

/// The tasks of one process. Requests end before what they need does.
pub(super) struct Process {
    /// Cancelled: no new request is taken.
    pub(super) requests_end: CancellationToken,
    /// Cancelled: nothing is kept up to date any more.
    pub(super) keeping_ends: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Process {
    pub(super) fn new() -> Self {
        Self {
            requests_end: CancellationToken::new(),
            keeping_ends: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Keeps something up to date until the process ends.
    pub(super) fn keep(&self, following: impl Future<Output = ()> + Send + 'static) {
        let ends = self.keeping_ends.clone();
        self.tasks.spawn(async move {
            ends.run_until_cancelled_owned(following).await;
        });
    }

    /// Ends what is kept up, `grace` at most; the last thing but what belongs to the disk.
    pub(super) async fn end(self, grace: Duration) {
        self.keeping_ends.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait())
            .await
            .is_err()
        {
            info!("tasks still running at the end of the grace period");
        }
    }
}
