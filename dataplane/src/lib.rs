//! The node: everything between a socket and a disk that knows what Kinesis is.
//!
//! One record's way through the folders:
//! `gateway` (bytes in, who is it, how much at once) → `anabranch_wire` (decode) → `operations` (validate, execute)
//! → `routing` (hash key → open shard) → `throttling` (AWS's limits) → `shard` (batch) → `replication` (propose)
//! → `anabranch_store` (one fsync for all shards) → back up as a sequence number.
//!
//! **Architecture invariants.** `axum` is named only in `gateway`, `console` and `admin`; `openraft` only in
//! `replication`; no module here names `rocksdb`. `standalone` is the one composition root: nothing else reads flags,
//! the environment, the wall clock or a random source (those come as [`clock::Clock`] and [`entropy::Entropy`]).

pub mod admin;
pub mod autoscaling;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod dial;
pub mod encryption;
pub mod entropy;
mod exchange;
pub mod fanout;
pub mod gateway;
pub mod internal_tls;
pub mod lifecycle;
pub mod manifests;
pub mod metrics;
pub mod operations;
mod recollection;
pub mod replication;
pub mod resharding;
pub mod retention;
pub mod routing;
pub mod serving;
pub mod shard;
pub mod standalone;
pub mod throttling;
mod waiting;
