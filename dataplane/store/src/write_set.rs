//! What one writer wants done atomically. Values are reference-counted: the only copy is into the write-ahead log.

use bytes::Bytes;

use crate::{Family, KeyRange};

/// Fixed bytes that one operation costs beside its key and value, for the accounting of queues.
const OPERATION_OVERHEAD_BYTES: usize = 32;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Write `value` under `key`, replacing what was there.
    Put {
        /// Column family.
        family: Family,
        /// Key.
        key: Vec<u8>,
        /// Value.
        value: Bytes,
    },
    /// Remove `key`.
    Delete {
        /// Column family.
        family: Family,
        /// Key.
        key: Vec<u8>,
    },
    /// Remove every key in `range`.
    DeleteRange {
        /// Column family.
        family: Family,
        /// The keys.
        range: KeyRange,
    },
}

/// Changes that become durable together or not at all, applied in order.
#[derive(Clone, Debug, Default)]
pub struct WriteSet {
    operations: Vec<Operation>,
    bytes: usize,
    grows: bool,
    is_lazy: bool,
}

impl WriteSet {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes `value` under `key`. The set may be refused: with [`crate::StoreError::StorageLow`] when the disk is nearly
    /// full, with [`crate::StoreError::Overloaded`] when too much waits.
    pub fn put(
        &mut self,
        family: Family,
        key: impl AsRef<[u8]>,
        value: impl Into<Bytes>,
    ) -> &mut Self {
        self.grows = true;
        self.put_critical(family, key, value)
    }

    /// Writes a `value` that may not be refused: a trim point, a vote, a log entry whose place is already promised. It
    /// passes the disk's reserve and the queue's bound; when the disk is really full, it waits for room.
    pub fn put_critical(
        &mut self,
        family: Family,
        key: impl AsRef<[u8]>,
        value: impl Into<Bytes>,
    ) -> &mut Self {
        let (key, value) = (key.as_ref().to_vec(), value.into());
        self.add(
            key.len() + value.len(),
            Operation::Put { family, key, value },
        )
    }

    /// Removes `key`.
    pub fn delete(&mut self, family: Family, key: impl AsRef<[u8]>) -> &mut Self {
        let key = key.as_ref().to_vec();
        self.add(key.len(), Operation::Delete { family, key })
    }

    /// Removes every key in `range`. An empty range is no operation.
    pub fn delete_range(&mut self, family: Family, range: KeyRange) -> &mut Self {
        if range.is_empty() {
            return self;
        }
        self.add(
            range.start().len() + range.end().len(),
            Operation::DeleteRange { family, range },
        )
    }

    /// Lets the set be answered for once the system has its bytes: they survive the end of this process, and the loss of power
    /// only if it comes later than [`crate::LAZY_MAX`]. Sets before and after it stay in order; one that is not lazy is
    /// answered for only when all before it are on stable storage too.
    pub fn lazy(&mut self) -> &mut Self {
        self.is_lazy = true;
        self
    }

    /// Whether it may be answered for before it is on stable storage.
    pub fn is_lazy(&self) -> bool {
        self.is_lazy
    }

    fn add(&mut self, bytes: usize, operation: Operation) -> &mut Self {
        self.bytes += bytes + OPERATION_OVERHEAD_BYTES;
        self.operations.push(operation);
        self
    }

    /// What it does, in order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// What it does, in order, given away.
    pub fn into_operations(self) -> Vec<Operation> {
        self.operations
    }

    /// About the bytes that it adds to the write-ahead log.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it stores something that can wait until the disk has room again.
    pub fn grows(&self) -> bool {
        self.grows
    }

    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}
