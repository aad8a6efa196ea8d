//! Admission by bytes, before anything is queued: per shard and over all shards.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::AppendError;

/// Bytes taken in and not answered yet, against a limit.
#[derive(Debug)]
pub(super) struct Budget {
    used: AtomicUsize,
    limit: usize,
}

impl Budget {
    /// Nothing used yet of `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            limit,
        }
    }

    /// Takes `bytes`, if they fit. What is larger than the limit alone fits when nothing else is there.
    fn take(&self, bytes: usize) -> Result<(), AppendError> {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        if before == 0 || before + bytes <= self.limit {
            return Ok(());
        }
        self.give_back(bytes);
        Err(AppendError::Overloaded {
            waiting_bytes: before as u64,
            limit_bytes: self.limit as u64,
        })
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Bytes that were admitted; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    shard: Arc<Budget>,
    total: Arc<Budget>,
    bytes: usize,
}

impl Permit {
    /// Admits `bytes` to a shard and to the process.
    pub(super) fn take(
        shard: &Arc<Budget>,
        total: &Arc<Budget>,
        bytes: usize,
    ) -> Result<Self, AppendError> {
        shard.take(bytes)?;
        if let Err(overloaded) = total.take(bytes) {
            shard.give_back(bytes);
            return Err(overloaded);
        }
        Ok(Self {
            shard: shard.clone(),
            total: total.clone(),
            bytes,
        })
    }

    /// What it admitted.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shard.give_back(self.bytes);
        self.total.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_when_the_permit_goes() {
        let (shard, total) = (Arc::new(Budget::new(10)), Arc::new(Budget::new(15)));
        let first = Permit::take(&shard, &total, 8).expect("there is room");
        assert!(matches!(
            Permit::take(&shard, &total, 3),
            Err(AppendError::Overloaded {
                waiting_bytes: 8,
                limit_bytes: 10
            })
        ));
        drop(first);
        assert!(Permit::take(&shard, &total, 3).is_ok());
    }

    #[test]
    fn the_limit_over_all_shards_holds_too() {
        let total = Arc::new(Budget::new(15));
        let shards = [(); 2].map(|()| Arc::new(Budget::new(10)));
        let _first = Permit::take(&shards[0], &total, 10).expect("there is room");
        assert!(Permit::take(&shards[1], &total, 10).is_err());
        assert!(Permit::take(&shards[1], &total, 5).is_ok());
    }

    #[test]
    fn the_largest_append_fits_alone() {
        let (shard, total) = (Arc::new(Budget::new(1)), Arc::new(Budget::new(1)));
        assert!(Permit::take(&shard, &total, 100).is_ok());
    }
}
