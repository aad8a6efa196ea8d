//! What a log holds of one leadership comes before what it holds of a later one.
//!
//! A leadership is a term and the replica that leads in it, in this order: the library lets a second replica be elected in a
//! term if its number is the greater one, and fences the first by that. So "one leader a term" reads: one leader a
//! leadership, which `logs_agree` sees to, and an order of all leaderships that no log goes back in.

use std::collections::BTreeMap;

use anabranch_domain::ShardUid;
use anabranch_store::entry::Position;
use anabranch_store::keys::LogKey;

use crate::trace;

/// A term, and who leads in it.
type Leadership = (u64, u64);

/// The leadership of each entry of each log on each disk.
#[derive(Default)]
pub(crate) struct LeadershipsGrow(BTreeMap<(String, ShardUid), BTreeMap<u64, Leadership>>);

impl LeadershipsGrow {
    /// An entry came to a disk. What lay behind it was of no worth, or it would have been written elsewhere.
    pub(crate) fn entry(&mut self, disk: &str, key: LogKey, position: &Position) {
        let log = self.0.entry((disk.to_owned(), key.shard)).or_default();
        let leadership = (position.term, position.leader);
        log.split_off(&key.index);
        if let Some((before, earlier)) = log.last_key_value()
            && *earlier > leadership
        {
            let what = format!(
                "{disk}, shard {}: entry {before} is of {earlier:x?}, and {} of {leadership:x?}",
                key.shard, key.index
            );
            trace::violated("leaderships grow", &what);
        }
        log.insert(key.index, leadership);
    }
}
