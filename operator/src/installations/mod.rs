//! Other namespaces that this operator looks after: found, begun, restarted and let go of.
//!
//! The chart makes one `ConfigMap` of a fixed name in each namespace it is installed in. It names the namespace of the operator
//! that looks after it, so that no namespace can have two, and says what that operator must know ([`Settings`]). One that names
//! this operator's is its to look after, while it holds the Lease of that namespace too.
//!
//! ```text
//!  `ConfigMap`s ─ observe ─► Installations ─ plan (pure) ─► start, stop ─ reconcile ─► one Ward a namespace
//! ```

mod certificates;
mod observe;
mod plan;
mod reconcile;
mod settings;
mod ward;

pub use reconcile::{InstallationMetrics, run};
pub use settings::Settings;
