//! Two logs that have an entry of the same leadership at the same place have the same bytes there: one leader made it, once.

use std::collections::BTreeMap;

use anabranch_domain::ShardUid;
use anabranch_store::entry::Position;
use anabranch_store::keys::LogKey;
use bytes::Bytes;

use crate::trace;

/// A place in a shard's log, and the leadership that filled it: term and leader.
type Place = (ShardUid, u64, u64, u64);

/// What was first written at each place by each leadership.
#[derive(Default)]
pub(crate) struct LogsAgree(BTreeMap<Place, Bytes>);

impl LogsAgree {
    /// An entry came to a disk.
    pub(crate) fn entry(&mut self, disk: &str, key: LogKey, position: &Position, value: &Bytes) {
        if position.index != key.index {
            let what = format!("{disk}: entry {} lies at {key:?}", position.index);
            trace::violated("logs agree", &what);
        }
        let place = (key.shard, key.index, position.term, position.leader);
        let first = self.0.entry(place).or_insert_with(|| value.clone());
        if first != value {
            let what = format!("{disk}: another entry of one leadership at {key:?}, {position:?}");
            trace::violated("logs agree", &what);
        }
    }
}
