//! Reads all logs now and then, at a bounded rate, so that damage is found while it can still be repaired.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::options::ScrubOptions;
use crate::metrics::StoreMetrics;
use crate::shard::{Scrubber, ShardRegistry};

/// Before the first round: a start has other things to do.
const DELAY: Duration = Duration::from_mins(1);
/// After the disk did not answer.
const PAUSE: Duration = Duration::from_mins(1);

/// Scrubs until stopped.
pub(crate) async fn keep_scrubbing(
    shards: Arc<ShardRegistry>,
    metrics: StoreMetrics,
    options: ScrubOptions,
    stop: CancellationToken,
) {
    let Some(rate) = NonZeroU64::new(options.bytes_per_second) else {
        return;
    };
    let mut scrubber = Scrubber::new(shards);
    let mut pause = DELAY.min(options.every);
    let (mut round_bytes, mut round_lost) = (0, 0);
    while stop.run_until_cancelled(sleep(pause)).await.is_some() {
        pause = match scrubber.step().await {
            Ok(read) => {
                metrics.scrubbed_bytes.inc_by(read.bytes);
                round_bytes += read.bytes;
                round_lost += read.lost;
                if read.is_through {
                    info!(bytes = round_bytes, "every log was read once more");
                    if round_lost > 0 {
                        error!(
                            entries = round_lost,
                            "entries are damaged and have no replica to be taken from: records are lost"
                        );
                    }
                    (round_bytes, round_lost) = (0, 0);
                    options.every
                } else {
                    // Rounded down, a second is a thousand bytes at most too long.
                    Duration::from_millis(read.bytes.saturating_mul(1_000) / rate)
                }
            }
            Err(failed) => {
                warn!(%failed, "cannot read the logs");
                PAUSE.min(options.every)
            }
        };
    }
}
