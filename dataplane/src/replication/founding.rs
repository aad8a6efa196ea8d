//! Who a shard's group consists of when it is born, and which replica of it this process is.

use anabranch_domain::PodName;

/// A replica: a disk, and the pod that it is mounted in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplicaId {
    /// The number of the disk: drawn when it was first used, so a disk that was lost and made anew is another replica.
    pub node: u64,
    /// Where to look for it.
    pub pod: PodName,
}

/// How a group begins on this disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Founding {
    /// This process is the only voter: no other will ever be asked.
    #[default]
    Alone,
    /// These are the voters. Each writes the same first entry, and the first of them leads without an election. One voter
    /// is a list of one.
    Together(Vec<ReplicaId>),
    /// The group is there already: its leader sends what this disk lacks.
    Joining,
}
