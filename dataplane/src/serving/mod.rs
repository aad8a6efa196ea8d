//! Shards as requests see them, wherever they are.
//!
//! Owns the one seam between what answers requests and what holds records: [`Shards`] is asked the same in a process that
//! serves its shards itself (standalone) and in a gateway whose shards are on pods. AWS's limits on a shard and its series are
//! kept where the shard is, so that two gateways do not let twice as much in.
//!
//! ```text
//! routing, GetRecords, fan-out ─► Shards ─► ServedShards ─► shard            (this process)
//!                                       └─► RemoteShards ═gRPC═► ShardServer ─► ServedShards   (a shard pod)
//! ```

mod addresses;
mod answers;
mod appending;
mod appends;
mod formed;
mod known_addresses;
mod messages;
mod refusal;
mod remote;
mod remote_logs;
mod served;
mod server;
mod unserved;
mod vantage;

use std::collections::HashSet;
use std::sync::Arc;

use anabranch_domain::catalog::{Shard, Stream};
use anabranch_domain::load_sketch::LoadSketch;
use anabranch_domain::{ShardUid, Timestamp};
use tokio::time::Instant;

use crate::autoscaling::Counts;
use crate::shard::{Append, Appended, ReadBatch, ReadFrom, ReadLimits, Resume, Tip};

pub use addresses::PodAddresses;
pub use formed::FormedShards;
pub use known_addresses::KnownAddresses;
pub use refusal::{NotAppended, ReadRefused};
pub use remote::RemoteShards;
pub use remote_logs::Disk;
pub use served::{ServedShards, Subject};
pub use server::ShardServer;
pub use vantage::Vantage;

#[cfg(test)]
mod freshness_test;
#[cfg(test)]
mod serving_test;
#[cfg(test)]
mod vantage_test;

/// All shards that a request may be for.
#[derive(Debug)]
pub enum Shards {
    /// They are served by this process.
    Served(Arc<ServedShards>),
    /// They are served by pods.
    Remote(Arc<RemoteShards>),
}

/// What a pod says of one of its shards.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardTraffic {
    /// The shard.
    pub uid: ShardUid,
    /// What it was offered since the pod started.
    pub counts: Counts,
    /// How that lies over its range, if it was asked for and is known.
    pub sketch: Option<LoadSketch>,
}

/// What became of an append.
#[derive(Debug)]
pub struct Verdict {
    /// The records that the shard's write limit refused, by their places in the append.
    pub throttled: Vec<usize>,
    /// What all others share; nothing when there is no other.
    pub outcome: Option<Result<Appended, NotAppended>>,
}

/// Whether an append was let in by the shard's limits in an attempt before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It is counted against the limits.
    First,
    /// It was counted; whether it was written is not known.
    Repeated,
}

/// Whose limits a read is counted against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Those that all polling readers of the shard share.
    Polling,
    /// None here: a subscription keeps a pace of its own.
    FanOut,
}

/// How much of what was acknowledged must be there to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// What this replica has applied.
    Applied,
    /// The same, unless another replica is known to lead.
    Leading,
    /// Where the answer says that there is nothing more: everything that was acknowledged before the call.
    Current,
}

impl Shards {
    /// Appends what the shard's limits let in; `append` is repeated with the same token where its outcome is unclear.
    pub async fn append(
        &self,
        stream: &Stream,
        shard: &Shard,
        append: Append,
        attempt: Attempt,
    ) -> Verdict {
        match self {
            Self::Served(served) => {
                let subject = Subject::of(stream, shard);
                served.append(subject, append, attempt).await
            }
            Self::Remote(remote) => remote.append(stream, shard, append, attempt).await,
        }
    }

    /// Reads records from `from` on, from whoever leads.
    pub async fn read(
        &self,
        stream: &Stream,
        shard: &Shard,
        from: ReadFrom,
        limits: ReadLimits,
        reader: Reader,
    ) -> Result<ReadBatch, ReadRefused> {
        let way = (reader, Freshness::Current);
        match self {
            Self::Served(served) => {
                let subject = Subject::of(stream, shard);
                served.read(subject, from, limits, way).await
            }
            Self::Remote(remote) => remote.read(stream, shard, from, limits, way).await,
        }
    }

    /// Reads records from `from` on for a subscription, from the replica that it follows; where that is whoever leads, as
    /// `freshness` says.
    pub async fn follow(
        &self,
        vantage: &mut Vantage,
        stream: &Stream,
        shard: &Shard,
        from: ReadFrom,
        limits: ReadLimits,
        freshness: Freshness,
    ) -> Result<ReadBatch, ReadRefused> {
        let way = (Reader::FanOut, freshness);
        match self {
            Self::Served(served) => {
                let subject = Subject::of(stream, shard);
                served.read(subject, from, limits, way).await
            }
            Self::Remote(remote) => {
                let what = (stream, shard);
                remote.follow(vantage, what, from, limits, freshness).await
            }
        }
    }

    /// Counts what a polling reader was given; only the answer's size says how much that was.
    pub fn charge_read(&self, stream: &Stream, shard: &Shard, bytes: u64, records: u64) {
        match self {
            Self::Served(served) => {
                served.charge_read(Subject::of(stream, shard), bytes, records);
            }
            // The pod counted what it sent.
            Self::Remote(_) => {}
        }
    }

    /// Counts a call that asks for an iterator; the shard's limit may refuse it.
    pub async fn admit_iterator(&self, stream: &Stream, shard: &Shard) -> Result<(), ReadRefused> {
        match self {
            Self::Served(served) => served.admit_iterator(Subject::of(stream, shard)),
            Self::Remote(remote) => remote.admit_iterator(stream, shard).await,
        }
    }

    /// Turns a starting point into a log position.
    pub async fn locate(
        &self,
        stream: &Stream,
        shard: &Shard,
        from: ReadFrom,
        horizon: Timestamp,
    ) -> Result<Resume, ReadRefused> {
        match self {
            Self::Served(served) => {
                let subject = Subject::of(stream, shard);
                let freshness = Freshness::Current;
                served.locate(subject, from, horizon, freshness).await
            }
            Self::Remote(remote) => remote.locate(stream, shard, from, horizon).await,
        }
    }

    /// The shard's newest end.
    pub async fn tip(&self, stream: &Stream, shard: &Shard) -> Result<Tip, ReadRefused> {
        match self {
            Self::Served(served) => {
                let subject = Subject::of(stream, shard);
                served.tip(subject, Freshness::Current).await
            }
            Self::Remote(remote) => remote.tip(stream, shard).await,
        }
    }

    /// Waits until the log goes on past `end_index` where a subscription is read from, until `deadline` at most; costs the shard
    /// nothing. It may return early: the next read says what there is.
    pub async fn wait_past(
        &self,
        vantage: &Vantage,
        stream: &Stream,
        shard: &Shard,
        end_index: u64,
        deadline: Instant,
    ) {
        match self {
            Self::Served(served) => {
                let subject = Subject::of(stream, shard);
                served.wait_past(subject, end_index, deadline).await;
            }
            Self::Remote(remote) => {
                let from = (vantage, stream, shard);
                remote.wait_past(from, end_index, deadline).await;
            }
        }
    }

    /// The shards of which this process remembers anything.
    pub fn remembered(&self) -> HashSet<ShardUid> {
        match self {
            Self::Served(served) => served.remembered(),
            Self::Remote(_) => HashSet::new(),
        }
    }

    /// Drops what this process remembers of shards that are gone: their tanks and their series.
    pub fn forget(&self, gone: &HashSet<ShardUid>) {
        match self {
            Self::Served(served) => served.forget(gone),
            Self::Remote(_) => {}
        }
    }
}
