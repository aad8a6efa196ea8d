//! How much a shard takes and gives a second. Decides, with the time handed in; whoever is refused learns when to come back.
//! Holds no queue: AWS refuses rather than delays.

mod bucket;
mod call_throttle;
mod shard_throttle;

pub use bucket::{Bucket, RetryAfter};
pub use call_throttle::{CallRate, CallScope, CallThrottle};
pub use shard_throttle::{ReadThrottle, WriteThrottle};

#[cfg(test)]
mod throttle_test;
