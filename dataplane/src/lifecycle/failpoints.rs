//! Places between the steps of a stream's life where a test may stop the process. Armed as the store's are
//! ([`anabranch_store::failpoints`]).

/// A stream is in the catalog, and not active.
pub const BEFORE_ACTIVE: &str = "lifecycle-before-active";
/// A stream is being deleted, all of its records are there.
pub const BEFORE_DESTROY: &str = "lifecycle-before-destroy";
/// A deleted stream's records are gone, the catalog still has it.
pub const BEFORE_GONE: &str = "lifecycle-before-gone";
/// A closed shard has expired, its log is there.
pub const BEFORE_EXPIRE: &str = "lifecycle-before-expire";
/// An expired shard's log is gone, the catalog still has it.
pub const BEFORE_EXPIRED: &str = "lifecycle-before-expired";

/// Every point.
pub const NAMES: [&str; 5] = [
    BEFORE_ACTIVE,
    BEFORE_DESTROY,
    BEFORE_GONE,
    BEFORE_EXPIRE,
    BEFORE_EXPIRED,
];
