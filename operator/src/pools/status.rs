//! What is said of a pool. Pure.

use anabranch_crds::condition::{ConditionType, Finding, Reason, record};
use anabranch_crds::{ShardPoolStatus, Time};
use kube::ResourceExt as _;

use super::observe::Observed;
use super::plan::Plan;
use crate::resources::selector_text;

/// The pods of the set that are ready.
pub(super) fn ready_pods(observed: &Observed) -> u32 {
    let status = observed.set.as_ref().and_then(|set| set.status.as_ref());
    let ready = status.and_then(|status| status.ready_replicas).unwrap_or(0);
    u32::try_from(ready).unwrap_or(0)
}

pub(super) fn status(observed: &Observed, plan: &Plan, now: Time) -> ShardPoolStatus {
    let ready = ready_pods(observed);
    let generation = observed.pool.metadata.generation;
    let known = observed.pool.status.clone().unwrap_or_default();
    let mut conditions = known.conditions;
    let mut say = |finding| record(&mut conditions, finding, generation, now);
    say(if ready >= plan.pods {
        Finding::holds(
            ConditionType::Ready,
            Reason::AsWished,
            format!("{ready} of {} pods are ready", plan.pods),
        )
    } else {
        Finding::holds_not(
            ConditionType::Ready,
            Reason::PodsNotReady,
            format!(
                "{ready} of {} pods are ready: kubectl get pods -l {}",
                plan.pods,
                selector_text(&observed.pool.name_any())
            ),
        )
    });
    say(if plan.without_room == 0 {
        Finding::holds_not(
            ConditionType::ScalingLimited,
            Reason::NothingFound,
            "every shard has a pod",
        )
    } else {
        Finding::holds(
            ConditionType::ScalingLimited,
            Reason::LimitReached,
            format!(
                "{} shards have no pod: raise maxReplicas (or replicas) or shardsPerPod of this ShardPool",
                plan.without_room
            ),
        )
    });
    ShardPoolStatus {
        observed_generation: generation,
        conditions,
        pods: plan.pods,
        ready_pods: ready,
        shards: u32::try_from(observed.shards.len()).unwrap_or(u32::MAX),
        streams: observed.streams,
        selector: Some(selector_text(&observed.pool.name_any())),
    }
}
