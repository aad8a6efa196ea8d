//! How much a shard takes and gives a second. Decides, with the time handed in; whoever is refused learns when to come back.
//! Holds no queue: AWS refuses rather than delays.

mod bucket;
mod shard_throttle;

pub use bucket::{Bucket, RetryAfter};
pub use shard_throttle::{ReadThrottle, WriteThrottle};

#[cfg(test)]
mod throttle_test;
