//! Who is what: streams, shards, consumers, reshards and the account, as one immutable [`Snapshot`] and pure changes of it.
//!
//! ```text
//! Snapshot ──apply(Change, now)──▶ Ok(next Snapshot, touched objects) | Err(ChangeError: facts, no text)
//! ```
//!
//! Whoever owns the catalog commits the touched objects and then shows the new snapshot. A snapshot shares what did not
//! change with the one before it, so taking and changing one costs the same with ten streams and with ten thousand.
//!
//! **Invariant:** every snapshot that leaves `apply` tiles: each stream's routable shards cover the ring exactly once.

mod account;
mod change;
mod consumer;
mod draft;
mod error;
mod monitoring;
mod object;
mod recent_uses;
mod reshard;
mod shard;
mod snapshot;
mod stream;
mod tags;

pub use account::{Account, BillingCommitment, CommitmentStatus};
pub use change::*;
pub use consumer::{Consumer, ConsumerStatus};
pub use error::ChangeError;
pub use monitoring::{ShardLevelMetric, UnknownMetric};
pub use object::{ObjectKey, Restore, RestoreError};
pub use recent_uses::RecentUses;
pub use reshard::{Reshard, ReshardId, ReshardKind, ReshardStatus, RunningOperation};
pub use shard::{Shard, ShardStatus};
pub use snapshot::{Snapshot, Totals};
pub use stream::{FanOutSource, RecordDistribution, Stream, StreamMode, StreamStatus};
pub use tags::{IllegalTag, Tags};

#[cfg(test)]
mod catalog_test;
#[cfg(test)]
pub(crate) mod test_fixture;
