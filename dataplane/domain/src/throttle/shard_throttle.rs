//! The tanks of one shard: those of its writers, and those that its readers share.

use super::{Bucket, RetryAfter};
use crate::Timestamp;
use crate::quota::ShardLimits;

/// What a shard takes: bytes and records.
#[derive(Clone, Debug)]
pub struct WriteThrottle {
    bytes: Option<Bucket>,
    records: Option<Bucket>,
}

impl WriteThrottle {
    /// Full tanks.
    pub fn new(limits: &ShardLimits, now: Timestamp) -> Self {
        let bucket = |rate: Option<u64>| rate.map(|rate| Bucket::new(rate, now));
        Self {
            bytes: bucket(limits.write_bytes_per_sec),
            records: bucket(limits.write_records_per_sec),
        }
    }

    /// Takes one record of this size, data and key together; all or nothing.
    pub fn take(&mut self, now: Timestamp, bytes: u64) -> Result<(), RetryAfter> {
        if let Some(records) = &mut self.records {
            records.check(now, 1)?;
        }
        if let Some(of_bytes) = &mut self.bytes {
            of_bytes.take(now, bytes)?;
        }
        if let Some(records) = &mut self.records {
            records.take(now, 1)?;
        }
        Ok(())
    }
}

/// What a shard gives to `GetRecords`, all readers together, and how often it is asked.
#[derive(Clone, Debug)]
pub struct ReadThrottle {
    bytes: Option<Bucket>,
    calls: Option<Bucket>,
    iterator_calls: Option<Bucket>,
}

impl ReadThrottle {
    /// Full tanks.
    pub fn new(limits: &ShardLimits, now: Timestamp) -> Self {
        let bucket = |rate: Option<u64>| rate.map(|rate| Bucket::new(rate, now));
        Self {
            bytes: bucket(limits.read_bytes_per_sec),
            calls: bucket(limits.read_calls_per_sec),
            iterator_calls: bucket(limits.iterator_calls_per_sec),
        }
    }

    /// Admits one `GetRecords`, unless what was given before is still to be paid. A refused call costs none.
    pub fn admit_call(&mut self, now: Timestamp) -> Result<(), RetryAfter> {
        if let Some(bytes) = &mut self.bytes {
            bytes.check_debt(now)?;
        }
        match &mut self.calls {
            Some(calls) => calls.take(now, 1),
            None => Ok(()),
        }
    }

    /// A call that was admitted was sent elsewhere: it is not counted here.
    pub fn give_back_call(&mut self) {
        if let Some(calls) = &mut self.calls {
            calls.give_back(1);
        }
    }

    /// Charges what an admitted call was given.
    pub fn charge(&mut self, now: Timestamp, bytes: u64) {
        if let Some(of_bytes) = &mut self.bytes {
            of_bytes.charge(now, bytes);
        }
    }

    /// Admits one `GetShardIterator`.
    pub fn admit_iterator_call(&mut self, now: Timestamp) -> Result<(), RetryAfter> {
        match &mut self.iterator_calls {
            Some(calls) => calls.take(now, 1),
            None => Ok(()),
        }
    }
}
