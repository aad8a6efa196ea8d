//! The catalog at one moment: immutable, shared, and made only by applying changes or by restoring stored objects.

use std::sync::Arc;

use imbl::OrdMap;

use super::draft::Draft;
use super::{Account, Change, ChangeError, ObjectKey, Stream, StreamMode, StreamStatus};
use crate::lineage::TilingBroken;
use crate::quota::Limits;
use crate::{StreamName, Timestamp};

/// Numbers over all streams, kept up to date so that a quota costs no walk over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Shards that take records, and those of streams that are being created.
    pub open_shards: u64,
    /// Streams in on-demand mode.
    pub on_demand_streams: u32,
    /// Streams that are being created.
    pub creating_streams: u32,
}

/// Who is what, at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Whose streams these are.
    pub account: Arc<Account>,
    /// The streams, by name.
    pub streams: OrdMap<StreamName, Arc<Stream>>,
    /// Grows by one with every change.
    pub version: u64,
    /// Which quotas hold.
    pub limits: Arc<Limits>,
    totals: Totals,
}

impl Snapshot {
    /// A catalog without streams.
    pub fn new(account: Account, limits: Limits) -> Self {
        Self {
            account: Arc::new(account),
            streams: OrdMap::new(),
            version: 0,
            limits: Arc::new(limits),
            totals: Totals::default(),
        }
    }

    /// The snapshot after `change`, and the objects to store or remove for it. Changes nothing itself.
    pub fn apply(
        &self,
        change: &Change,
        now: Timestamp,
    ) -> Result<(Self, Vec<ObjectKey>), ChangeError> {
        let mut draft = Draft::of(self);
        change.apply(&mut draft, now)?;
        Ok(draft.finish())
    }

    /// This catalog with `stream` as it is now, whatever it was: for a catalog whose truth is kept elsewhere, in objects
    /// that others change. Refused, and nothing is changed, when the stream's routable shards leave a gap or overlap.
    pub fn with_stream(&self, mut stream: Stream) -> Result<Self, TilingBroken> {
        stream.rebuild_open_shards()?;
        let mut next = self.clone();
        next.version += 1;
        next.put_stream(Arc::new(stream));
        Ok(next)
    }

    /// This catalog without the stream of this name.
    #[must_use]
    pub fn without_stream(&self, name: &StreamName) -> Self {
        let mut next = self.clone();
        next.version += 1;
        next.take_stream(name);
        next
    }

    /// This catalog with the account as it is now.
    #[must_use]
    pub fn with_account(&self, account: Account) -> Self {
        let mut next = self.clone();
        next.version += 1;
        next.account = Arc::new(account);
        next
    }

    /// The stream of this name.
    pub fn stream(&self, name: &str) -> Option<&Arc<Stream>> {
        self.streams.get(name)
    }

    /// The newest of `stream`, while it takes and gives records; a successor of the same name is another.
    pub fn still_serving(&self, stream: &Stream) -> Option<&Arc<Stream>> {
        let newest = self.streams.get(&stream.name)?;
        (newest.uid == stream.uid && newest.is_serving()).then_some(newest)
    }

    /// Numbers over all streams: what `DescribeLimits` shows and quotas are counted by.
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn put_stream(&mut self, stream: Arc<Stream>) {
        self.totals.add(&stream);
        if let Some(before) = self.streams.insert(stream.name.clone(), stream) {
            self.totals.subtract(&before);
        }
    }

    pub(super) fn take_stream(&mut self, name: &StreamName) -> Option<Arc<Stream>> {
        let stream = self.streams.remove(name)?;
        self.totals.subtract(&stream);
        Some(stream)
    }
}

impl Totals {
    fn add(&mut self, stream: &Stream) {
        let of_stream = Self::of(stream);
        self.open_shards += of_stream.open_shards;
        self.on_demand_streams += of_stream.on_demand_streams;
        self.creating_streams += of_stream.creating_streams;
    }

    fn subtract(&mut self, stream: &Stream) {
        let of_stream = Self::of(stream);
        self.open_shards -= of_stream.open_shards;
        self.on_demand_streams -= of_stream.on_demand_streams;
        self.creating_streams -= of_stream.creating_streams;
    }

    fn of(stream: &Stream) -> Self {
        let is_creating = stream.status == StreamStatus::Creating;
        Self {
            open_shards: if stream.open_shards.is_empty() {
                u64::try_from(stream.shards.len()).expect("shards fit 32 bits")
            } else {
                u64::from(stream.open_shard_count())
            },
            on_demand_streams: u32::from(stream.mode == StreamMode::OnDemand),
            creating_streams: u32::from(is_creating),
        }
    }
}
