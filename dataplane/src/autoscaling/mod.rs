//! What the decision (`anabranch_domain::autoscale`) needs of a node, and the loop that carries it out where the node is
//! alone.
//!
//! ```text
//!  ServedShards ─► ShardSketches   how each shard's load lies, fed by its appends
//!  counters     ─► Meter           rates of what was offered
//!        both   ─► decide ─► RecutStream        here in standalone, in a cluster by the operator
//! ```
//!
//! Owns no rule: what is done, and why, is the domain's. In a cluster only the sketches are at work here.

mod keeper;
mod loads;
mod meter;
mod policy;
mod sketches;

pub use keeper::Autoscaler;
pub use loads::{Room, stream_loads};
use loads::{on_demand_policy, warm_shards};
pub use meter::{Counts, Meter};
pub use policy::policy;
pub use sketches::ShardSketches;
