//! Anabranch's Kubernetes kinds (`anabranch.dev/v1alpha1`) and the reader of manifests without Kubernetes.
//!
//! Owns the shape, defaults and rules of what a user writes, and turns it, parsed once, into [`DesiredStream`].
//! Refuses to know a catalog, a shard or a cluster: what is done about a wish is decided elsewhere.
//!
//! Invariant: the rules that the API server enforces (CEL, schema) and the ones [`DesiredStream::of`] enforces say the
//! same, so a manifest that `standalone` reads is one that `kubectl apply` takes.

pub mod condition;
pub mod data_stream;
pub mod desired_stream;
pub mod manifest;
pub mod quantity;
mod unknown_field;

pub use data_stream::{DataStream, DataStreamSpec};
pub use desired_stream::DesiredStream;
pub use manifest::{ManifestError, Manifests};
