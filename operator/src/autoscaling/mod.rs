//! How many shards each stream has: what is measured, what is decided, and the reshards that follow.
//!
//! ```text
//!  prometheus ─┐
//!  pods ───────┴► observe ─► plan (domain::autoscale) ─► apply: Reshard, Event
//!                                      └► status: what streams::reconcile writes into DataStream.status
//! ```
//!
//! Looks at all streams every few seconds with one query. **Invariant:** the only writer of a `DataStream`'s status stays
//! `streams`; what is to be said is put up on a [`Board`] that it reads.

mod apply;
mod board;
mod metrics;
mod observe;
mod plan;
mod policy;
mod prometheus;
mod reconcile;
mod status;

pub use board::Board;
pub use metrics::AutoscalingMetrics;
pub use prometheus::{Prometheus, PrometheusOptions};
pub use reconcile::Autoscaling;
