//! One look at all replicas after the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anabranch::catalog::Catalog as _;
use anabranch::catalog::kubernetes::KubernetesCatalog;
use anabranch::resharding::{LogsError, Member};
use anabranch::serving::{Disk, RemoteShards};
use anabranch::shard::ReplicaId;
use anabranch_domain::PodName;
use anabranch_domain::catalog::ShardStatus;
use futures_util::stream::{self, StreamExt as _};
use tokio::time::timeout;
use tracing::{info, warn};

use super::plan::{Step, step};
use super::tenure::Tenure;
use crate::disks::Disks;

/// Shards that are asked at a time.
const AT_ONCE: usize = 8;
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Between two looks while something is being changed.
const BUSY: Duration = Duration::from_millis(300);
/// Changes that come within this time are looked at together.
const PACE: Duration = Duration::from_millis(250);

/// What the controller works with.
pub struct Replicas {
    /// Where replicas are wanted.
    catalog: Arc<KubernetesCatalog>,
    /// Where they are.
    remote: Arc<RemoteShards>,
    /// What is on the pods' disks.
    disks: Arc<Disks>,
    /// Who has answered for how long, and who was handed what.
    tenure: Mutex<Tenure>,
}

impl Replicas {
    /// Leaderships go to pods that have answered for `lead_after`.
    pub fn new(
        catalog: Arc<KubernetesCatalog>,
        remote: Arc<RemoteShards>,
        disks: Arc<Disks>,
        lead_after: Duration,
    ) -> Self {
        Self {
            catalog,
            remote,
            disks,
            tenure: Mutex::new(Tenure::new(lead_after)),
        }
    }

    /// Looks and acts, until dropped: at once when something else is wanted.
    pub async fn run(self) {
        let mut versions = self.catalog.subscribe();
        loop {
            versions.mark_unchanged();
            let pause = if self.round().await { BUSY } else { LOOK_EVERY };
            let _ = timeout(pause, versions.changed()).await;
            // Nor all the time, when everything changes.
            tokio::time::sleep(PACE).await;
        }
    }

    /// One look; says whether anything was changed.
    async fn round(&self) -> bool {
        let look = self.disks.look().await;
        let snapshot = self.catalog.snapshot();
        self.tenure().begin(&look.disks, Instant::now());
        let mut members = Vec::new();
        for stream in snapshot.streams.values() {
            if !stream.is_serving() {
                continue;
            }
            let noted = self.catalog.noted_voters(&stream.name);
            for shard in stream.shards.values() {
                // A shard that is being made is formed by whoever makes it.
                if shard.status != ShardStatus::Creating && !shard.replicas.is_empty() {
                    let noted = noted.get(&shard.id).cloned().unwrap_or_default();
                    members.push((Arc::clone(stream), Arc::clone(shard), noted));
                }
            }
        }
        let disks = &look.disks;
        let looked_at = members
            .into_iter()
            .map(|(stream, shard, noted)| async move {
                self.one(Member::of(&stream, &shard), &noted, disks).await
            });
        let changed: Vec<bool> = stream::iter(looked_at)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        changed.into_iter().any(|changed| changed)
    }

    fn tenure(&self) -> MutexGuard<'_, Tenure> {
        self.tenure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn one(
        &self,
        member: Member<'_>,
        noted: &[PodName],
        disks: &BTreeMap<PodName, Disk>,
    ) -> bool {
        let shard = member.shard;
        // One copy where it is wanted, and never said to be elsewhere: there is nobody to ask and nothing to do. Where its
        // disk was lost, that is said.
        let is_alone = match shard.replicas.as_slice() {
            [pod] => {
                let elsewhere = disks.iter().filter(|(other, _)| *other != pod);
                let mut elsewhere = elsewhere.map(|(_, disk)| disk);
                noted.iter().all(|voter| voter == pod)
                    && !elsewhere.any(|disk| disk.shards.contains(&shard.uid))
            }
            _ => false,
        };
        if is_alone {
            let pods = &shard.replicas;
            self.note(member, &pods[0], pods).await;
            return false;
        }
        let holders = disks.iter();
        let holders = holders.filter(|(_, disk)| disk.shards.contains(&shard.uid));
        let holders: Vec<_> = holders.map(|(pod, _)| pod.clone()).collect();
        let done = match self.remote.roles(member, &holders).await {
            Ok(Some((leader, voters))) => {
                self.note(member, &leader, &holding(&voters, disks)).await;
                let may_lead = |pod: &PodName| self.tenure().may_lead(shard.uid, pod);
                let roles = (&leader, voters.as_slice());
                let next = step(shard.uid, &shard.replicas, roles, disks, may_lead);
                self.act(member, next).await
            }
            Ok(None) => Ok(false),
            Err(failure) => Err(failure),
        };
        done.unwrap_or_else(|failure| {
            warn!(stream = %member.stream, shard = %shard.id, %failure, "replicas not looked after");
            false
        })
    }

    /// Says who leads and votes, for `kubectl get shards`.
    async fn note(&self, member: Member<'_>, leader: &PodName, voters: &[PodName]) {
        let (stream, shard) = (member.stream, member.shard.id);
        let noted = self
            .catalog
            .note_replicas(stream, shard, leader, voters)
            .await;
        if let Err(failure) = noted {
            warn!(%stream, %shard, %failure, "who leads is not said");
        }
    }

    async fn act(&self, member: Member<'_>, step: Step) -> Result<bool, LogsError> {
        let (stream, shard) = (member.stream, member.shard.id);
        match step {
            Step::Nothing => Ok(false),
            Step::Change { join, wanted } => {
                for pod in &join {
                    self.remote.join(member, pod).await?;
                    info!(%stream, %shard, %pod, "replica joins");
                }
                if self.remote.change_replicas(member, &wanted).await? {
                    let pods: Vec<_> = wanted.iter().map(|replica| replica.pod.as_str()).collect();
                    info!(%stream, %shard, ?pods, "replicas are as wanted");
                }
                Ok(true)
            }
            Step::Clear(pods) => {
                for pod in &pods {
                    self.remote.remove(member, pod).await?;
                    info!(%stream, %shard, %pod, "replica removed");
                }
                Ok(true)
            }
            Step::Lead(heir) => {
                if !self.tenure().take_turn(member.shard.uid, Instant::now()) {
                    return Ok(true);
                }
                self.remote.hand_over(member, &heir).await?;
                info!(%stream, %shard, pod = %heir.pod, "leadership handed over");
                Ok(true)
            }
        }
    }
}

/// The pods of `voters`, but for those that have another disk than the one that votes: it was lost. Pure.
fn holding(voters: &[ReplicaId], disks: &BTreeMap<PodName, Disk>) -> Vec<PodName> {
    let has_it = |it: &&ReplicaId| {
        let disk = disks.get(&it.pod);
        disk.is_none_or(|disk| disk.node == it.node)
    };
    let held = voters.iter().filter(has_it);
    let mut pods: Vec<_> = held.map(|replica| replica.pod.clone()).collect();
    pods.sort_unstable();
    pods
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_vote_of_a_disk_that_was_lost_is_not_shown() {
        let pod = |ordinal: u64| -> PodName { format!("p-{ordinal}").parse().expect("a name") };
        let voters = [2, 1, 0].map(|ordinal| ReplicaId {
            node: 10 + ordinal,
            pod: pod(ordinal),
        });
        let disk = |node| Disk {
            node,
            shards: HashSet::new(),
            is_storage_low: false,
        };
        // One is as it was, one has another disk, one does not answer.
        let disks = BTreeMap::from([(pod(0), disk(10)), (pod(1), disk(77))]);
        assert_eq!(holding(&voters, &disks), [pod(0), pod(2)]);
    }
}
