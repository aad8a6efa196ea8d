//! Appends that share a log entry: which fit together, and where each one's records lie in it.

use anabranch_domain::{ShardUid, shard_state::AppendToken};
use anabranch_store::entry::{BatchBuilder, Draft, PAYLOAD_BYTES_MAX, Standing};
use anabranch_wire::Text;

use super::{Append, ShardLimits, actor::QueuedAppend, admission::Permit, reply::AppendReply};

/// An append in a closed entry.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Where its records begin, counted from the entry's first.
    pub(super) first_record: u32,
    pub(super) token: Option<AppendToken>,
    pub(super) reply: AppendReply,
    /// Held until it is answered.
    _permit: Permit,
}

/// Appends on their way into one entry.
#[derive(Debug)]
pub(super) struct Gathering {
    limits: ShardLimits,
    appends: Vec<QueuedAppend>,
    records: usize,
    bytes: usize,
}

impl Gathering {
    /// None yet.
    pub(super) fn new(limits: ShardLimits) -> Self {
        Self {
            limits,
            appends: Vec::new(),
            records: 0,
            bytes: 0,
        }
    }

    /// Whether `append`, of `bytes`, may join. The first always may; the others while there is room and the same key
    /// seals them.
    pub(super) fn has_room_for(&self, append: &Append, bytes: usize) -> bool {
        let Some(first) = self.appends.first() else {
            return true;
        };
        let key = |append: &Append| append.sealing.as_ref().map(|key| key.fingerprint());
        self.bytes + bytes <= self.limits.entry_bytes_max
            && self.records + append.records.len() <= self.limits.entry_records_max
            && key(append) == key(&first.append)
    }

    /// `queued` joins.
    pub(super) fn add(&mut self, queued: QueuedAppend) {
        self.records += queued.append.records.len();
        self.bytes += queued.permit.bytes();
        self.appends.push(queued);
    }

    /// The entry of `shard` at `standing`, and who waits for it. None when nothing joined.
    pub(super) fn close(
        self,
        shard: ShardUid,
        standing: Standing,
    ) -> Option<(Draft, Vec<Gathered>)> {
        let first = self.appends.first()?;
        let mut batch = match first.append.sealing.clone() {
            Some(key) => BatchBuilder::sealed(self.bytes, key),
            None => BatchBuilder::plain(self.bytes),
        };
        let mut gathered = Vec::with_capacity(self.appends.len());
        for queued in self.appends {
            let first_record = batch.record_count();
            if let Some(token) = queued.append.token {
                batch.begin_append(token);
            }
            for record in &queued.append.records {
                let pushed = batch.push(record.borrowed());
                pushed.expect("appends that no entry can hold are refused when they come in");
            }
            gathered.push(Gathered {
                first_record,
                token: queued.append.token,
                reply: queued.reply,
                _permit: queued.permit,
            });
        }
        Some((batch.finish(shard, standing), gathered))
    }
}

/// Whether an entry can hold `append`, which takes `bytes`.
pub(super) fn fits(append: &Append, bytes: usize) -> bool {
    let is_key_short = |key: &Text| u16::try_from(key.len()).is_ok();
    bytes < PAYLOAD_BYTES_MAX / 2
        && u32::try_from(append.records.len()).is_ok()
        && append
            .records
            .iter()
            .filter_map(|record| record.partition_key.as_ref())
            .all(is_key_short)
}
