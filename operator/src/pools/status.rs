//! What is said of a pool. Pure.

use anabranch_crds::condition::{ConditionType, Finding, Reason, find, record};
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

/// How it stands with the pool's volumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Volumes {
    /// These have not got what they ask for yet; none: all are as wished.
    Growing {
        /// Names of claims.
        waits: Vec<String>,
    },
    /// The set is being made anew around its pods.
    SetIsLeaving,
    /// They stay as they are.
    Refused {
        /// What the API server says.
        refusal: String,
    },
}

fn progressing(volumes: &Volumes) -> Finding {
    let kind = ConditionType::Progressing;
    match volumes {
        Volumes::Growing { waits } if !waits.is_empty() => Finding::holds(
            kind,
            Reason::GrowingVolumes,
            format!("growing {}", waits.join(", ")),
        ),
        Volumes::SetIsLeaving => Finding::holds(
            kind,
            Reason::GrowingVolumes,
            "making the StatefulSet anew around its pods, for larger volumes",
        ),
        _ => Finding::holds_not(kind, Reason::NothingFound, "nothing is being done"),
    }
}

fn degraded(size: &str, volumes: &Volumes) -> Finding {
    let kind = ConditionType::Degraded;
    match volumes {
        Volumes::Refused { refusal } => Finding::holds(
            kind,
            Reason::Refused,
            format!(
                "volumes cannot grow to {size} and stay as they are: {refusal}. Use a StorageClass with \
                 allowVolumeExpansion: true, or write the size that they have"
            ),
        ),
        _ => Finding::holds_not(
            kind,
            Reason::NothingFound,
            "its pods have what was asked for",
        ),
    }
}

pub(super) fn status(
    observed: &Observed,
    plan: &Plan,
    volumes: &Volumes,
    now: Time,
) -> ShardPoolStatus {
    let ready = ready_pods(observed);
    let generation = observed.pool.metadata.generation;
    let known = observed.pool.status.clone().unwrap_or_default();
    let was = find(&known.conditions, ConditionType::Ready).map(|it| it.reason);
    // Until its first pods were ready it is being made, and nothing is wrong.
    let not_ready = match was {
        None | Some(Reason::Creating) => Reason::Creating,
        Some(_) => Reason::PodsNotReady,
    };
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
            not_ready,
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
    say(progressing(volumes));
    say(degraded(&observed.pool.spec.pods.storage.size, volumes));
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
