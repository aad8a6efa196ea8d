//! How a stream's shards stand to each other: side by side on the ring, and one after the other in time.

mod open_shards;

pub use open_shards::{OpenShards, TilingBroken};
