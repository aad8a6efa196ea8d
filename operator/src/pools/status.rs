//! What is said of a pool. Pure.

use anabranch_crds::condition::{ConditionType, Finding, Reason, find, record};
use anabranch_crds::{ShardPoolStatus, Time};
use anabranch_domain::PodName;
use kube::ResourceExt as _;

use super::observe::Observed;
use super::plan::{Moves, Plan};
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

fn progressing(volumes: &Volumes, moves: &Moves) -> Finding {
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
        _ if !moves.waiting.is_empty() => {
            let pods = moves.waiting.iter().map(PodName::as_str);
            let pods: Vec<_> = pods.collect();
            Finding::holds(
                kind,
                Reason::MovingReplicas,
                format!(
                    "moving {} replicas off {}; pods go, from the last on, when there is nothing left on them",
                    moves.leaving,
                    pods.join(", ")
                ),
            )
        }
        _ if moves.under_way > 0 => Finding::holds(
            kind,
            Reason::MovingReplicas,
            format!("replicas of {} shards are on their way", moves.under_way),
        ),
        _ => Finding::holds_not(kind, Reason::NothingFound, "nothing is being done"),
    }
}

fn degraded(size: &str, volumes: &Volumes, moves: &Moves) -> Finding {
    let kind = ConditionType::Degraded;
    match volumes {
        _ if !moves.gone.is_empty() => {
            let gone = moves.gone.iter();
            let gone: Vec<_> = gone.map(|(pod, why)| format!("{pod} ({why})")).collect();
            let replicas = match moves.lost {
                0 => "Nothing is wanted there any more.".to_owned(),
                lost => format!(
                    "{lost} replicas are still wanted there: they go where there is room, as soon as more than half of each \
                     shard's others answer; raise maxReplicas (or replicas) if there is none."
                ),
            };
            let them = moves
                .gone
                .iter()
                .map(|(pod, _)| format!("pvc/data-{pod} pod/{pod}"));
            let them: Vec<_> = them.collect();
            Finding::holds(
                kind,
                Reason::ReplicasMissing,
                format!(
                    "gone for good, it seems: {}. {replicas} For an empty pod in its place, if its volume is lost: \
                     kubectl delete {}",
                    gone.join(", "),
                    them.join(" ")
                ),
            )
        }
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
    say(progressing(volumes, &plan.moves));
    let size = &observed.pool.spec.pods.storage.size;
    say(degraded(size, volumes, &plan.moves));
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
