//! The keys of each column family, one file a family: layout, encoding and decoding side by side.
//!
//! Numbers are big-endian, so that byte order is the order of the numbers. A kind's number is never used again.

mod catalog;
mod log;
mod raft;

pub use catalog::CatalogKey;
pub use log::LogKey;
pub use raft::{RaftItem, RaftKey};

/// Bytes that are no key of the family in which they were found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:02x?} is no {family} key: {reason}")]
pub struct InvalidKey {
    family: &'static str,
    reason: &'static str,
    found: Vec<u8>,
}

impl InvalidKey {
    fn new(family: crate::Family, found: &[u8], reason: &'static str) -> Self {
        Self {
            family: family.name(),
            reason,
            found: found.to_vec(),
        }
    }
}
