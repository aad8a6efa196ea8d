//! What is to be done for one stream. Pure: the domain's decision, with what the object says around it.

use anabranch_crds::DataStream;
use anabranch_domain::Timestamp;
use anabranch_domain::autoscale::{History, Plan, Policy, Sketches, StreamLoads, decide};

/// The longest reason that a `Reshard` takes.
const REASON_BYTES_MAX: usize = 1_024;

/// A plan, and whether it is carried out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decision {
    pub(super) plan: Plan,
    /// What is to be done, and why; none: nothing.
    pub(super) reason: Option<String>,
    /// Whether it is only told.
    pub(super) is_dry: bool,
}

pub(super) fn decision(
    object: &DataStream,
    policy: &Policy,
    loads: &StreamLoads,
    sketches: &Sketches,
    history: &History,
    now: Timestamp,
) -> Decision {
    let plan = decide(policy, loads, sketches, history, now);
    let reason = (!plan.is_empty()).then(|| plan.reason(REASON_BYTES_MAX));
    let wish = object.spec.autoscaling.as_ref();
    Decision {
        plan,
        reason,
        is_dry: wish.is_some_and(|wish| wish.dry_run),
    }
}
