//! Records gathered into `PutRecords` calls. Pure: bytes in, batches out.

use anabranch_wire::shapes::{PutRecordsOutput, PutRecordsRequestEntry};

/// Records in one call.
const RECORDS_MAX: usize = 500;

/// Data and keys in one call. AWS takes 10 MiB since 2025; every older server takes this.
const BYTES_MAX: usize = 5 << 20;

/// The call that is being filled.
#[derive(Debug, Default)]
pub(super) struct Batch {
    entries: Vec<PutRecordsRequestEntry>,
    bytes: usize,
}

impl Batch {
    /// Adds a record; returns the batch before it if there was no room for one more.
    pub(super) fn push(
        &mut self,
        entry: PutRecordsRequestEntry,
    ) -> Option<Vec<PutRecordsRequestEntry>> {
        let bytes = entry.data.len() + entry.partition_key.as_deref().map_or(0, str::len);
        let full = self.entries.len() == RECORDS_MAX
            || (self.bytes + bytes > BYTES_MAX && !self.entries.is_empty());
        let before = if full { self.take() } else { None };
        self.bytes += bytes;
        self.entries.push(entry);
        before
    }

    /// What was gathered, if anything.
    pub(super) fn take(&mut self) -> Option<Vec<PutRecordsRequestEntry>> {
        self.bytes = 0;
        let entries = std::mem::take(&mut self.entries);
        if entries.is_empty() {
            None
        } else {
            Some(entries)
        }
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// What one call left over.
#[derive(Debug, PartialEq)]
pub(super) struct Leftover {
    /// The records that were refused, in their order, to be put again.
    pub(super) refused: Vec<PutRecordsRequestEntry>,
    /// The last refusal's type and message.
    pub(super) reason: Option<String>,
}

/// The records of a call that were refused one by one.
pub(super) fn leftover(
    entries: Vec<PutRecordsRequestEntry>,
    answer: &PutRecordsOutput,
) -> Leftover {
    let mut reason = None;
    let mut results = answer.records.iter();
    let refused = entries
        .into_iter()
        .filter(|_| {
            let Some(code) = results
                .next()
                .and_then(|result| result.error_code.as_deref().map(|code| (code, result)))
            else {
                return false;
            };
            reason = Some(format!(
                "{}: {}",
                code.0,
                code.1.error_message.as_deref().unwrap_or_default()
            ));
            true
        })
        .collect();
    Leftover { refused, reason }
}

#[cfg(test)]
mod tests {
    use anabranch_wire::Blob;
    use anabranch_wire::shapes::PutRecordsResultEntry;

    use super::*;

    fn entry(key: &str, bytes: usize) -> PutRecordsRequestEntry {
        let data = Blob::from(vec![b'x'; bytes]);
        PutRecordsRequestEntry {
            partition_key: Some(key.into()),
            explicit_hash_key: None,
            data,
        }
    }

    #[test]
    fn a_batch_ends_at_five_hundred_records() {
        let mut batch = Batch::default();
        for _ in 0..500 {
            assert_eq!(batch.push(entry("k", 1)), None);
        }
        assert_eq!(batch.push(entry("k", 1)).map(|full| full.len()), Some(500));
        assert_eq!(batch.take().map(|rest| rest.len()), Some(1));
        assert!(batch.is_empty());
    }

    #[test]
    fn a_batch_ends_before_its_bytes_are_too_many() {
        let mut batch = Batch::default();
        for _ in 0..5 {
            assert_eq!(batch.push(entry("", 1 << 20)), None);
        }
        assert_eq!(batch.push(entry("k", 0)).map(|full| full.len()), Some(5));
    }

    #[test]
    fn a_record_larger_than_a_batch_goes_alone() {
        let mut batch = Batch::default();
        assert_eq!(batch.push(entry("k", 8 << 20)), None);
        assert_eq!(batch.push(entry("k", 1)).map(|full| full.len()), Some(1));
    }

    #[test]
    fn refused_records_are_left_over_in_their_order_with_the_reason() {
        let refused = PutRecordsResultEntry {
            error_code: Some("ProvisionedThroughputExceededException".into()),
            error_message: Some("Rate exceeded".into()),
            ..PutRecordsResultEntry::default()
        };
        let taken = PutRecordsResultEntry {
            sequence_number: Some("1".into()),
            ..PutRecordsResultEntry::default()
        };
        let answer = PutRecordsOutput {
            records: vec![refused.clone(), taken, refused],
            ..PutRecordsOutput::default()
        };
        let left = leftover(vec![entry("a", 1), entry("b", 1), entry("c", 1)], &answer);
        assert_eq!(left.refused, [entry("a", 1), entry("c", 1)]);
        assert_eq!(
            left.reason.as_deref(),
            Some("ProvisionedThroughputExceededException: Rate exceeded")
        );
    }
}
