//! Anabranch's Kubernetes kinds (`anabranch.dev/v1alpha1`) and the reader of manifests without Kubernetes.
//!
//! Owns the shape, defaults and rules of what a user writes and what the operator answers, and turns a wish, parsed once,
//! into [`DesiredStream`]. Refuses to know a catalog, a shard or a cluster: what is done about a wish is decided elsewhere.
//!
//! Invariant: the rules that the API server enforces (CEL, schema) and the ones [`DesiredStream::of`] enforces say the
//! same, so a manifest that `standalone` reads is one that `kubectl apply` takes.
//!
//! Types read fields that they do not know without an error, because during an upgrade an older process reads what a
//! newer one wrote. That a user misspelt a field is found by the API server, and by [`manifest`] where there is none.

#![allow(
    unreachable_pub,
    reason = "`KubeSchema` repeats a type inside of a function to derive its schema"
)]
#![allow(
    clippy::duplicated_attributes,
    reason = "each `printcolumn` has a name and a type of its own"
)]

pub mod condition;
pub mod data_stream;
pub mod definitions;
pub mod desired_stream;
mod foreign;
pub mod labels;
pub mod manifest;
pub mod pod_template;
pub mod quantity;
pub mod refusal;
pub mod reshard;
#[cfg(test)]
mod rules_test;
pub mod shard;
pub mod shard_pool;
pub mod stream_consumer;
pub mod time;
mod unknown_field;

pub use data_stream::{DataStream, DataStreamSpec, DataStreamStatus};
pub use desired_stream::DesiredStream;
pub use manifest::{ManifestError, Manifests};
pub use reshard::{Reshard, ReshardSpec, ReshardStatus};
pub use shard::{Shard, ShardSpec, ShardStatus};
pub use shard_pool::{ShardPool, ShardPoolSpec, ShardPoolStatus};
pub use stream_consumer::{StreamConsumer, StreamConsumerSpec, StreamConsumerStatus};
pub use time::Time;
