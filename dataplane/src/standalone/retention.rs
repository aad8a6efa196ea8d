//! Trims what has expired, round after round.

use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::Snapshot;
use anabranch_domain::{ShardUid, Timestamp, retention};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::metrics::StoreMetrics;
use crate::retention::{Kept, Sweeper};
use crate::shard::{Birth, ShardRegistry};

/// Between two rounds of which the first left something to do: short, so that a backlog shrinks, but not nothing, so
/// that puts get the disk in between.
const BACKLOG_PAUSE: Duration = Duration::from_millis(100);

/// Trims the shards that are here until stopped, in rounds with a pause of `every` between them. `clock` decides what has expired:
/// one that does not believe every jump, where the clock is a machine's.
pub async fn keep_trimming(
    catalog: Arc<dyn Catalog>,
    shards: Arc<ShardRegistry>,
    is_here: impl Fn(ShardUid) -> bool + Send,
    clock: Arc<dyn Clock>,
    metrics: StoreMetrics,
    every: Duration,
    stop: CancellationToken,
) {
    let sweeper = Sweeper::new(shards);
    let mut pause = every;
    while stop.run_until_cancelled(sleep(pause)).await.is_some() {
        let kept = kept(&catalog.snapshot(), &is_here, clock.now());
        let swept = sweeper.sweep(&kept).await;
        if swept.entries > 0 {
            info!(
                shards = swept.shards,
                entries = swept.entries,
                bytes = swept.bytes,
                released_bytes = swept.released_bytes,
                "trimmed expired records"
            );
        }
        metrics.released_bytes.inc_by(swept.released_bytes);
        pause = if swept.has_more { BACKLOG_PAUSE } else { every };
    }
}

/// Every shard here that may hold something old enough: one that is younger than its stream's retention has nothing.
fn kept(snapshot: &Snapshot, is_here: impl Fn(ShardUid) -> bool, now: Timestamp) -> Vec<Kept> {
    let mut kept = Vec::new();
    for stream in snapshot.streams.values() {
        let horizon = retention::trim_horizon(now, stream.retention_hours);
        let old_enough = stream
            .shards
            .values()
            .filter(|shard| shard.created < horizon && is_here(shard.uid));
        kept.extend(old_enough.map(|shard| Kept {
            shard: shard.uid,
            birth: Birth::of(shard),
            horizon,
        }));
    }
    kept
}
