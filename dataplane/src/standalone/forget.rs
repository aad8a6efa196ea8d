//! Takes away what the process remembers of streams and shards that are gone: their metric series and their tanks.
//!
//! Compares snapshots, at most once a second.

use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::{Shard, Snapshot};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::catalog::{StreamChange, stream_changes};
use crate::operations::Services;

/// Changes that come within this time are looked at together: a look costs a comparison a stream.
const PACE: Duration = Duration::from_secs(1);

/// Forgets until stopped.
pub(super) async fn keep_forgetting(services: Arc<Services>, stop: CancellationToken) {
    let mut versions = services.catalog.subscribe();
    let mut known = services.snapshot();
    while let Some(Ok(())) = stop.run_until_cancelled(versions.changed()).await {
        let newest = services.snapshot();
        forget_between(&services, &known, &newest);
        known = newest;
        if stop.run_until_cancelled(sleep(PACE)).await.is_none() {
            return;
        }
    }
}

fn forget_between(services: &Services, before: &Snapshot, after: &Snapshot) {
    for change in stream_changes(before, after) {
        let (stream, newest) = match change {
            StreamChange::New(_) => continue,
            StreamChange::Altered { before, after } => (before, Some(after)),
            StreamChange::Gone(stream) => (stream, None),
        };
        if newest.is_none() {
            services.metrics.streams.forget(&stream.name);
        }
        let is_left = |shard: &Shard| {
            let same = newest.and_then(|newest| newest.shards.get(&shard.id));
            same.is_some_and(|same| same.uid == shard.uid)
        };
        for shard in stream.shards.values().filter(|shard| !is_left(shard)) {
            forget_shard(services, shard);
        }
    }
}

fn forget_shard(services: &Services, shard: &Shard) {
    services.shards.forget(shard.uid);
}
