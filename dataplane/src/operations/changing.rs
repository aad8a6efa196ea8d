//! The way of an action that changes the catalog: commit, then AWS's words for a refusal, then a moment's patience.

use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{Change, Snapshot, StreamStatus};
use anabranch_domain::{StreamName, StreamUid};
use anabranch_wire::ApiError;

use super::Services;
use super::errors::{self, Asked};

/// How long an action waits for what it began before it answers. What it began takes milliseconds; but a client that looks
/// a moment too early sleeps for AWS's pace before it looks again (boto3's waiter: ten seconds), and one written for an
/// emulator does not look at all. Far inside of every SDK's time-out.
const PATIENCE: Duration = Duration::from_millis(500);

/// Commits a change. `resource` is what the caller called it: the stream's name or the resource's ARN.
pub(super) async fn commit(
    services: &Services,
    change: Change,
    resource: &str,
) -> Result<Arc<Snapshot>, ApiError> {
    services.catalog.commit(change).await.map_err(|failure| {
        let snapshot = services.snapshot();
        errors::of_catalog(
            &failure,
            Asked {
                account: &snapshot.account,
                resource,
            },
        )
    })
}

/// Waits until the stream is neither in the making, nor being changed, nor on its way out: or for a while.
pub(super) async fn settle(services: &Services, stream: &StreamName, uid: StreamUid) {
    wait_until(services, |snapshot| {
        snapshot
            .streams
            .get(stream)
            .is_none_or(|found| found.uid != uid || found.status == StreamStatus::Active)
    })
    .await;
}

/// Waits until the newest snapshot is as wished: or for a while. Whether it came about is for the client to look up.
pub(super) async fn wait_until(services: &Services, is_settled: impl Fn(&Snapshot) -> bool) {
    let mut versions = services.catalog.subscribe();
    let settled = async {
        while !is_settled(&services.snapshot()) {
            if versions.changed().await.is_err() {
                return;
            }
        }
    };
    // Too late is no failure: the action was accepted, and goes on.
    let _ = tokio::time::timeout(PATIENCE, settled).await;
}

/// Why a reshard is made: who asked by which action.
pub(super) fn reason(caller: &Caller, action: &str) -> String {
    format!("{action} by {}", caller.user_arn())
}
