//! What a pool is to be: how many pods, and where its new shards go. Pure.

use anabranch_domain::{PodName, ShardUid};
use kube::ResourceExt as _;

use super::observe::Observed;
use crate::placement;
use crate::resources::set_name;

/// What is to be done for a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) pods: u32,
    pub(super) placements: Vec<(ShardUid, Vec<PodName>)>,
    /// Shards that too few pods have room for.
    pub(super) without_room: usize,
}

pub(super) fn plan(observed: &Observed) -> Plan {
    let spec = &observed.pool.spec;
    let per_pod = spec.pods.shards_per_pod;
    let running = observed.set.as_ref().and_then(|set| set.spec.replicas);
    let running = running.and_then(|replicas| u32::try_from(replicas).ok());
    let wanted = placement::pods_wanted(&observed.shards, per_pod, spec.bounds());
    // Where there are no shards, the pods that there are may go, down to the bound; with shards, only those above them.
    let pods = wanted.max(running.unwrap_or(0).min(spec.bounds().0));
    let set = set_name(&observed.pool.name_any());
    let placements = placement::plan(&observed.shards, &set, pods, per_pod);
    let adjusted = placement::adjust(&observed.shards, &set, pods, per_pod);
    let unplaced = observed
        .shards
        .iter()
        .filter(|shard| shard.replicas.is_empty());
    Plan {
        pods,
        without_room: unplaced.count() - placements.len(),
        placements: placements.into_iter().chain(adjusted).collect(),
    }
}
