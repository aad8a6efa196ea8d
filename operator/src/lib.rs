//! The operator: makes what `DataStream`s and `ShardPool`s wish for, and says in their status what is.
//!
//! ```text
//!  streams    DataStream ─► identity, shards (Shard), reshards        conditions of DataStream
//!  pools      ShardPool  ─► StatefulSet, Service, budget, policy      status of ShardPool
//!  autoscaling  the load ─► Reshard                               status.autoscaling of DataStream
//!  placement  Shard      ─► the pods that its replicas are wanted on
//!  replicas   Shard      ─► voters of the shard's group, on those pods
//!  (node)     lifecycle::Keeper: activates, reshards, expires, destroys, as in a standalone node
//! ```
//!
//! All of that is once for each namespace that is looked after (`namespace`): the operator's own, and those whose `installations`
//! name it.
//!
//! Each controller's folder has the same files: `observe` (what is), `plan` (pure: what is to be done), `apply` (does it),
//! `status` (pure: what is said of it), `reconcile` (tells the story).
//! **Invariants.** Only the holder of a namespace's Lease writes there; what fences an older holder is the version of each object that it
//! decided on. Never writes a `spec` that a user owns. The data path needs nothing of this.

pub mod applied;
pub mod autoscaling;
pub mod definitions;
mod disks;
pub mod election;
pub mod events;
pub mod installations;
pub mod metrics;
pub mod namespace;
pub mod options;
pub mod placement;
pub mod pools;
mod rates;
pub mod replicas;
pub mod resources;
mod run;
pub mod streams;

pub use options::{Command, Options};
pub use run::{apply_definitions, run};
