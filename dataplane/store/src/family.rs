//! The column families. A family's bytes never mix with another's; its name is on disk and never changes.

/// A column family: its own key space, tuned for what lies in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Family {
    /// Log entries by `(shard, index)`: large values, written once, deleted from the front. Key–value separated.
    Log = 1,
    /// A few small values a Raft group: vote, committed and purged positions.
    Raft = 2,
    /// The local catalog: one small versioned object a key.
    Catalog = 3,
}

impl Family {
    /// Every family, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Log, Self::Raft, Self::Catalog];

    /// The name on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Raft => "raft",
            Self::Catalog => "catalog",
        }
    }
}
