//! What an object says of its autoscaling: its wish, its limits, and whether it is paused. Pure.

use anabranch::autoscaling;
use anabranch_crds::DataStream;
use anabranch_crds::quantity::Rate;
use anabranch_domain::autoscale::{Policy, WriteLimits};
use anabranch_domain::catalog::Stream;
use kube::ResourceExt as _;

/// Whoever sets this to `true` has the autoscaler do nothing until it is taken away.
const PAUSED: &str = "anabranch.dev/autoscaling-paused";

/// What one shard of it takes.
pub(super) fn limits(object: &DataStream) -> WriteLimits {
    let of = |rate: Rate| match rate {
        Rate::PerSecond(limit) => Some(limit),
        Rate::Unlimited => None,
    };
    WriteLimits {
        bytes_per_sec: of(object.spec.shard_limits.write_bytes_per_second),
        records_per_sec: of(object.spec.shard_limits.write_records_per_second),
    }
}

/// The policy, if there is one.
pub(super) fn policy(object: &DataStream, stream: &Stream, limits: &WriteLimits) -> Option<Policy> {
    let wish = object.spec.autoscaling.as_ref();
    let paused = object.annotations().get(PAUSED);
    Some(Policy {
        is_paused: paused.is_some_and(|value| value == "true"),
        ..autoscaling::policy(wish, stream, limits)?
    })
}
