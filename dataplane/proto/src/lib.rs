//! What gateways, shard pods and the operator say to each other: gRPC messages, generated from `proto/`.
//!
//! Owns bytes and field numbers, never reused. Knows nothing of what they mean: `dataplane/src/{serving,replication}` turn them into the
//! node's own values and back, and refuses what makes no sense.

/// The service of a shard pod.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "generated: the comments are in the description"
)]
pub mod shard {
    tonic::include_proto!("anabranch.shard.v1");
}

/// What the replicas of a shard say to each other.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "generated: the comments are in the description"
)]
pub mod raft {
    tonic::include_proto!("anabranch.raft.v1");
}

/// The largest message, in bytes: 10 MiB of records with keys of 256 characters of four bytes each, 500 of them, and room for
/// the framing; a read gives at most 10 MiB and one record more.
pub const MESSAGE_BYTES_MAX: usize = 24 << 20;
