//! The replicas of a shard follow `Shard.spec.replicas`: a disk that was lost is filled again, a pod that is wanted joins, and
//! one that is not is let go once the others have everything.
//!
//! Works beside the other controllers, at its own pace: filling a disk takes its time, and nothing waits for it. What it
//! asks for may be asked again by the next holder of the Lease; the shard's leader carries it out, one step at a time.

mod plan;
mod reconcile;
mod tenure;

pub use reconcile::Replicas;
