//! How full the disk is.

/// Where the disk stands against its reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reserve {
    /// Enough room: everything is written.
    Whole,
    /// Below the reserve: puts are refused, deletes and small control writes go on.
    Low,
}

/// A measurement of the store's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of the table and blob files; the write-ahead logs, bounded by the options, come on top.
    pub disk_bytes: u64,
    /// Bytes that the file system still gives to us.
    pub free_bytes: u64,
    /// Free bytes below which puts are refused.
    pub reserve_bytes: u64,
    /// Bytes that wait to be written.
    pub waiting_bytes: u64,
    /// Where that leaves us.
    pub reserve: Reserve,
}
