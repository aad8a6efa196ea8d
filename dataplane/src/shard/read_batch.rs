//! Records on their way out: borrowed from the log entries that hold them.

use std::sync::Arc;

use anabranch_domain::{HashKey, Timestamp};
use anabranch_store::entry::{BatchView, Entry, EntryError, EntryKind, KeyRing};
use bytes::Bytes;

use super::{ReadLimits, Resume};
use crate::replication::Tip;

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct StoredRecord<'a> {
    /// Its ordinal in its shard.
    pub ordinal: u64,
    /// When it arrived.
    pub arrival: Timestamp,
    /// Partition key, if it came with one.
    pub partition_key: Option<&'a str>,
    /// The hash key that its producer chose, if it did.
    pub explicit_hash_key: Option<HashKey>,
    /// The blob.
    pub data: &'a [u8],
    view: &'a BatchView,
}

impl StoredRecord<'_> {
    /// `part`, which this record lent, as bytes that keep its batch alive. Not a copy.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.view.share(part)
    }

    /// Whether it is sealed at rest: its stream was encrypted when it was put, whatever it is now.
    pub fn is_sealed(&self) -> bool {
        self.view.is_sealed()
    }
}

/// What one read gave. Keeps the bytes of its records alive; cloning it copies none.
#[derive(Clone, Debug)]
pub struct ReadBatch {
    pieces: Vec<Piece>,
    records: usize,
    bytes: usize,
    /// Where to go on.
    pub next: Resume,
    /// The shard's newest end when this was read.
    pub tip: Tip,
    /// Whether that is only the end as far as the asked replica knows: more may have been acknowledged.
    pub may_be_behind: bool,
}

/// An entry, and which of its records are meant.
#[derive(Clone, Debug)]
pub(crate) struct BatchPart {
    pub(crate) entry: Entry,
    pub(crate) skip: u32,
    pub(crate) take: u32,
}

/// Some records of one entry.
#[derive(Clone, Debug)]
struct Piece {
    entry: Entry,
    view: BatchView,
    arrival: Timestamp,
    /// Of the entry's first record.
    first_ordinal: u64,
    skip: u32,
    take: u32,
}

impl ReadBatch {
    /// Nothing from `next` on, yet.
    pub(super) fn new(next: Resume, tip: Tip) -> Self {
        Self {
            pieces: Vec::new(),
            records: 0,
            bytes: 0,
            next,
            tip,
            may_be_behind: false,
        }
    }

    /// What another process read: its batch in parts, as [`Self::parts`] gave them there.
    pub(crate) fn from_parts(
        next: Resume,
        tip: Tip,
        parts: impl IntoIterator<Item = BatchPart>,
        keys: &KeyRing,
    ) -> Result<Self, EntryError> {
        let mut batch = Self::new(next, tip);
        for BatchPart { entry, skip, take } in parts {
            let envelope = *entry.envelope();
            let take = take.min(envelope.record_count.saturating_sub(skip));
            batch.records += take as usize;
            batch.bytes += entry.payload().len();
            batch.pieces.push(Piece {
                view: BatchView::open(&entry, keys)?,
                arrival: envelope.time,
                first_ordinal: envelope.first_ordinal,
                skip,
                take,
                entry,
            });
        }
        Ok(batch)
    }

    /// The batch as log entries, for another process: as they lie on the disk, sealed ones sealed.
    pub(crate) fn parts(&self) -> impl Iterator<Item = BatchPart> {
        self.pieces.iter().map(|piece| BatchPart {
            entry: piece.entry.clone(),
            skip: piece.skip,
            take: piece.take,
        })
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// About the bytes of keys and data that there are: at least them, and at most a few more for each record.
    pub fn stored_bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing is left to read: the next records are still to come.
    pub fn is_at_tip(&self) -> bool {
        self.next.log_index >= self.tip.end_index
    }

    /// Whether nothing is left to read and nothing will come.
    pub fn is_at_end_of_sealed(&self) -> bool {
        self.is_at_tip() && self.tip.phase == anabranch_domain::ShardPhase::Sealed
    }

    /// When the newest of these records arrived.
    pub fn last_arrival(&self) -> Option<Timestamp> {
        self.pieces.last().map(|piece| piece.arrival)
    }

    /// The records, in order. An error means damaged bytes; there is nothing after it.
    pub fn records(&self) -> impl Iterator<Item = Result<StoredRecord<'_>, EntryError>> {
        self.pieces.iter().flat_map(Piece::records)
    }

    /// Adds what fits of `entry`. Says whether there is room for more.
    pub(super) fn add(
        &mut self,
        entry: &Entry,
        limits: &ReadLimits,
        keys: &Arc<KeyRing>,
    ) -> Result<bool, EntryError> {
        let envelope = entry.envelope();
        let after = Resume {
            log_index: envelope.position.index + 1,
            ordinal: self.next.ordinal.max(envelope.next_ordinal()),
        };
        let has_records = envelope.kind == EntryKind::Append
            && envelope.next_ordinal() > self.next.ordinal
            && envelope.time >= limits.horizon;
        if !has_records {
            self.next = after;
            return Ok(true);
        }
        let skip = self.next.ordinal.saturating_sub(envelope.first_ordinal);
        let skip = u32::try_from(skip).expect("it is less than the entry's record count");
        let mut piece = Piece {
            entry: entry.clone(),
            view: BatchView::open(entry, keys)?,
            arrival: envelope.time,
            first_ordinal: envelope.first_ordinal,
            skip,
            take: envelope.record_count - skip,
        };
        let bytes = self.fit(&mut piece, entry.payload().len(), limits)?;
        self.records += piece.take as usize;
        self.bytes += bytes;
        let is_whole = skip + piece.take == envelope.record_count;
        self.next = if is_whole {
            after
        } else {
            Resume {
                log_index: envelope.position.index,
                ordinal: piece.first_ordinal + u64::from(skip + piece.take),
            }
        };
        if piece.take > 0 {
            self.pieces.push(piece);
        }
        Ok(is_whole && self.records < limits.records_max && self.bytes < limits.bytes_max)
    }

    /// Shortens `piece` to what fits, and says how many bytes that is. The first record of all always fits.
    fn fit(
        &self,
        piece: &mut Piece,
        payload_bytes: usize,
        limits: &ReadLimits,
    ) -> Result<usize, EntryError> {
        let records_left = limits.records_max.saturating_sub(self.records);
        let bytes_left = limits.bytes_max.saturating_sub(self.bytes);
        if piece.skip == 0 && piece.take as usize <= records_left && payload_bytes <= bytes_left {
            return Ok(payload_bytes);
        }
        let (mut take, mut bytes) = (0, 0);
        for record in piece.records() {
            let record = record?;
            let record_bytes = record.partition_key.map_or(0, str::len) + record.data.len();
            let is_first_of_all = self.records == 0 && take == 0;
            let fits = take < records_left && bytes + record_bytes <= bytes_left;
            if !(fits || is_first_of_all && limits.records_max > 0) {
                break;
            }
            take += 1;
            bytes += record_bytes;
        }
        piece.take = u32::try_from(take).expect("no more than the entry has");
        Ok(bytes)
    }
}

impl Piece {
    fn records(&self) -> impl Iterator<Item = Result<StoredRecord<'_>, EntryError>> {
        let first = self.first_ordinal;
        let wanted = self.skip..self.skip + self.take;
        // Every record is stepped over, not jumped over: they have different lengths.
        let numbered = (0_u32..).zip(self.view.records()).take(wanted.end as usize);
        numbered
            .skip(wanted.start as usize)
            .map(move |(number, record)| {
                let record = record?;
                Ok(StoredRecord {
                    ordinal: first + u64::from(number),
                    arrival: self.arrival,
                    partition_key: record.partition_key,
                    explicit_hash_key: record.explicit_hash_key,
                    data: record.data,
                    view: &self.view,
                })
            })
    }
}
