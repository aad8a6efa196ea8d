//! One look at all replicas after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anabranch::catalog::Catalog as _;
use anabranch::catalog::kubernetes::KubernetesCatalog;
use anabranch::resharding::{LogsError, Member};
use anabranch::serving::{Disk, RemoteShards};
use anabranch_domain::PodName;
use anabranch_domain::catalog::{ShardStatus, Snapshot};
use futures_util::stream::{self, StreamExt as _};
use tracing::{info, warn};

use super::plan::{Step, step};

/// Pods and shards that are asked at a time.
const AT_ONCE: usize = 8;
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Between two looks while something is being changed.
const BUSY: Duration = Duration::from_millis(300);

/// What the controller works with.
pub struct Replicas {
    /// Where replicas are wanted.
    pub catalog: Arc<KubernetesCatalog>,
    /// Where they are.
    pub remote: Arc<RemoteShards>,
}

impl Replicas {
    /// Looks and acts, until dropped.
    pub async fn run(self) {
        loop {
            let is_busy = self.round().await;
            tokio::time::sleep(if is_busy { BUSY } else { LOOK_EVERY }).await;
        }
    }

    /// One look; says whether anything was changed.
    async fn round(&self) -> bool {
        let snapshot = self.catalog.snapshot();
        let disks = self.disks(&snapshot).await;
        let mut members = Vec::new();
        for stream in snapshot.streams.values() {
            if !stream.is_serving() {
                continue;
            }
            for shard in stream.shards.values() {
                // A shard that is being made is formed by whoever makes it.
                if shard.status != ShardStatus::Creating && !shard.replicas.is_empty() {
                    members.push((Arc::clone(stream), Arc::clone(shard)));
                }
            }
        }
        let disks = &disks;
        let looked_at = members.into_iter().map(|(stream, shard)| async move {
            self.one(Member::of(&stream, &shard), disks).await
        });
        let changed: Vec<bool> = stream::iter(looked_at)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        changed.into_iter().any(|changed| changed)
    }

    /// The disks of all pods that have a shard, as far as they answer.
    async fn disks(&self, snapshot: &Snapshot) -> BTreeMap<PodName, Disk> {
        let shards = snapshot
            .streams
            .values()
            .flat_map(|stream| stream.shards.values());
        let pods: BTreeSet<PodName> = shards.flat_map(|shard| shard.replicas.clone()).collect();
        let asked = stream::iter(pods.into_iter().map(|pod| async move {
            let disk = self.remote.disk(&pod).await.ok();
            disk.map(|disk| (pod, disk))
        }));
        let disks = asked
            .buffer_unordered(AT_ONCE)
            .filter_map(|disk| async { disk });
        disks.collect().await
    }

    async fn one(&self, member: Member<'_>, disks: &BTreeMap<PodName, Disk>) -> bool {
        let shard = member.shard;
        // One copy where it is wanted: there is nobody to ask and nothing to do. Where its disk was lost, that is said.
        let is_alone = match shard.replicas.as_slice() {
            [pod] => {
                let elsewhere = disks.iter().filter(|(other, _)| *other != pod);
                let mut elsewhere = elsewhere.map(|(_, disk)| disk);
                !elsewhere.any(|disk| disk.shards.contains(&shard.uid))
            }
            _ => false,
        };
        if is_alone {
            let pods = &shard.replicas;
            self.note(member, &pods[0], pods).await;
            return false;
        }
        let done = match self.remote.roles(member).await {
            Ok(Some((leader, voters))) => {
                let mut pods: Vec<_> = voters.iter().map(|replica| replica.pod.clone()).collect();
                pods.sort_unstable();
                self.note(member, &leader, &pods).await;
                let next = step(shard.uid, &shard.replicas, &voters, disks);
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
        }
    }
}
