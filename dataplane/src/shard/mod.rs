//! Shards: ordered appends that are answered when they are durable, and reads of what was.
//!
//! [`ShardRegistry`] gives a [`ShardHandle`] for each shard of this process. Knows no stream, no routing and no request;
//! below it, [`crate::replication`] makes entries durable.
//!
//! ```text
//!  append ─► admission ─► Actor: queue ─► Gathering ─► Group ─► … ─► Actor: answered
//!  read   ─► Locator ─► tail in memory | log on disk ─► ReadBatch
//! ```

mod actor;
mod admission;
mod attempts;
mod backoff;
mod error;
mod event;
mod gathering;
mod handle;
mod limits;
mod locate;
mod position;
mod read;
mod read_batch;
mod record;
mod registry;
mod reply;
mod scrub;
mod settled;
mod tail;
mod trim;

pub use crate::replication::{
    Birth, CatchUp, Damage, Founding, LogError, Peers, RaftServer, ReplicaId, Tip,
};
pub use error::{AppendError, ControlError, ReadError};
pub use handle::ShardHandle;
pub use limits::ShardLimits;
pub use position::{ReadFrom, ReadLimits, Resume};
pub(crate) use read_batch::BatchPart;
pub use read_batch::{ReadBatch, StoredRecord};
pub use record::{Append, NewRecord};
pub use registry::ShardRegistry;
pub use scrub::{Scrubbed, Scrubber};
pub use settled::{Appended, Settled};
pub use tail::Tail;
pub(crate) use trim::RELEASE_BYTES_MIN;
pub use trim::Trimmed;

#[cfg(test)]
mod failover_test;
#[cfg(test)]
pub(crate) mod failure_test;
#[cfg(test)]
mod handle_test;
#[cfg(test)]
mod mending_test;
#[cfg(test)]
mod model_test;
#[cfg(test)]
mod read_index_test;
#[cfg(test)]
mod replicated_test;
#[cfg(test)]
mod rocks_test;
#[cfg(test)]
mod succession_test;
