//! Takes away what the process remembers of streams and shards that are gone: their metric series and their tanks.
//!
//! Asks of everything that is remembered whether the catalog still has it, rather than comparing catalogs: a stream that
//! came and went between two looks is in neither of them, and a request that began before a stream went may count after.
//! Looks once a change, at most once a second, and once more when the last such request has ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::ShardUid;
use anabranch_domain::catalog::Snapshot;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::operations::Services;

/// Changes that come within this time are looked at together: a look costs a walk over all shards.
const PACE: Duration = Duration::from_secs(1);

/// What else than a put's patience a request may take after it looked at the catalog.
const STRAGGLING_MAX: Duration = Duration::from_secs(5);

/// Forgets until stopped.
pub(crate) async fn keep_forgetting(services: Arc<Services>, stop: CancellationToken) {
    let looking = async {
        let mut versions = services.catalog.subscribe();
        while versions.changed().await.is_ok() {
            forget(&services);
            sleep(PACE).await;
            let late = services.put_patience + STRAGGLING_MAX;
            if let Err(_nothing_changed) = timeout(late, versions.changed()).await {
                forget(&services);
            } else {
                versions.mark_changed();
            }
        }
    };
    stop.run_until_cancelled(looking).await;
}

fn forget(services: &Services) {
    let streams = &services.metrics.streams;
    streams.retain(|stream| services.snapshot().streams.contains_key(stream));
    // What is remembered first and the catalog after it: a shard that is made in between is not taken for a gone one.
    let remembered = services.shards.remembered();
    let gone = gone(&remembered, &services.snapshot());
    services.shards.forget(&gone);
}

fn gone(remembered: &HashSet<ShardUid>, snapshot: &Snapshot) -> HashSet<ShardUid> {
    let shards = snapshot
        .streams
        .values()
        .flat_map(|stream| stream.shards.values());
    let alive: HashSet<ShardUid> = shards.map(|shard| shard.uid).collect();
    remembered.difference(&alive).copied().collect()
}
