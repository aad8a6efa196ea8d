//! What an executor may ask of shards' logs, wherever they are: in this process, or on pods.

use anabranch_domain::catalog::{Shard, Stream};
use anabranch_domain::reshard::ShardFacts;
use anabranch_domain::{ShardId, StreamName, Timestamp};
use futures_util::future::BoxFuture;

/// A shard and the name of its stream.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The stream's name.
    pub stream: &'a StreamName,
    /// The shard.
    pub shard: &'a Shard,
}

impl<'a> Member<'a> {
    /// A shard of `stream`.
    pub fn of(stream: &'a Stream, shard: &'a Shard) -> Self {
        Self {
            stream: &stream.name,
            shard,
        }
    }
}

/// The logs of shards. Every command may be given again: then it is answered as the first time.
pub trait ShardLogs: Send + Sync + 'static {
    /// What a shard's log says of itself; nothing when there is no such log.
    fn facts<'a>(
        &'a self,
        member: Member<'a>,
    ) -> BoxFuture<'a, Result<Option<ShardFacts>, LogsError>>;

    /// Makes a shard's log, where it is not made by its first record; a child's takes no records before it is activated.
    fn form<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>>;

    /// Ends a parent's log: from here on it refuses records and names its children.
    fn seal<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        children: &'a [ShardId],
    ) -> BoxFuture<'a, Result<(), LogsError>>;

    /// Lets a child's log take records, none of which arrives before `floor`: its parents' last.
    fn activate<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        floor: Timestamp,
    ) -> BoxFuture<'a, Result<(), LogsError>>;

    /// Removes a log with everything in it and gives its space back. One that is not there is no error.
    fn destroy<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>>;
}

/// Why a log did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// A newer epoch was there first: whoever says this looks at the catalog again.
    #[error("the command was overtaken")]
    Overtaken,
    /// The log failed, or its answer was lost: worth another try.
    #[error("shard log")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
