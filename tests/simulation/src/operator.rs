//! The operator: the real keeper of duties (it activates the stream and carries out reshards), and a loop over the shards'
//! replicas that asks for the same steps in the same order as the real controller.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use anabranch::catalog::Catalog as _;
use anabranch::clock::Clock;
use anabranch::lifecycle::Keeper;
use anabranch::resharding::{Executor, LogsError, Member};
use anabranch::serving::{Disk, RemoteShards};
use anabranch::shard::ReplicaId;
use anabranch_domain::catalog::{CreateStream, Shard, ShardStatus, Stream, StreamMode};
use anabranch_domain::{PodName, ShardUid, StreamUid};
use tokio_util::sync::CancellationToken;

use crate::catalog::{CatalogView, STREAM};
use crate::clock::MachineClock;
use crate::dice::Dice;
use crate::gateway::remote_shards;
use crate::stage::Stage;
use crate::trace;

/// Between two looks at the replicas.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The operator's process, from its start on.
pub(crate) async fn run(
    stage: Arc<Stage>,
    catalog: Arc<CatalogView>,
    clock: Arc<MachineClock>,
    dice: Arc<Dice>,
) -> turmoil::Result {
    let remote = Arc::new(remote_shards(&stage.pods));
    let executor = Executor {
        catalog: Arc::clone(&catalog) as _,
        logs: Arc::clone(&remote) as _,
        entropy: dice,
    };
    let keeper = Keeper::new(executor, clock as Arc<dyn Clock>);
    tokio::spawn(keeper.run(CancellationToken::new()));
    loop {
        // Without its lease nobody looks after anything.
        if !catalog.is_away() {
            look_after_replicas(&stage, &remote).await;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Makes the stream.
pub(crate) async fn create_stream(
    stage: &Stage,
    shards: NonZeroU32,
    dice: &Dice,
) -> turmoil::Result {
    let change = CreateStream {
        name: STREAM.parse()?,
        uid: StreamUid::from_bits(1),
        mode: StreamMode::Provisioned,
        shard_uids: (0..shards.get())
            .map(|_| ShardUid::from_bits(anabranch::entropy::Entropy::random_u128(dice)))
            .collect(),
        tags: BTreeMap::new(),
        max_record_size_kib: None,
        warm_throughput_mibps: None,
        record_distribution: None,
    };
    stage.catalog.commit(change.into()).await?;
    Ok(())
}

async fn look_after_replicas(stage: &Stage, remote: &RemoteShards) {
    let Some(stream) = stage.catalog.stream().filter(|stream| stream.is_serving()) else {
        return;
    };
    let mut disks = BTreeMap::new();
    for pod in &stage.pods {
        if let Ok(disk) = remote.disk(pod).await {
            disks.insert(pod.clone(), disk);
        }
    }
    let mut are_settled = true;
    for shard in stream.shards.values() {
        if shard.status == ShardStatus::Creating {
            are_settled = false;
            continue;
        }
        match look_after(remote, &stream, shard, &disks).await {
            Ok(is_settled) => are_settled &= is_settled,
            Err(failure) => {
                let failure = failure_text(&failure);
                trace::note(|| format!("replicas of {}: {failure}", shard.id.index()));
                are_settled = false;
            }
        }
    }
    let is_newest = stage.catalog.stream().is_some_and(|newest| {
        let placed = |stream: &Stream| {
            let shards = stream.shards.values();
            shards
                .map(|shard| (shard.id, shard.replicas.clone()))
                .collect::<Vec<_>>()
        };
        placed(&newest) == placed(&stream)
    });
    stage.set_replicas_settled(are_settled && is_newest);
}

fn failure_text(failure: &LogsError) -> String {
    let source = std::error::Error::source(failure);
    source.map_or_else(|| failure.to_string(), ToString::to_string)
}

/// One step for one shard; says whether its voters are the wanted disks.
async fn look_after(
    remote: &RemoteShards,
    stream: &Stream,
    shard: &Shard,
    disks: &BTreeMap<PodName, Disk>,
) -> Result<bool, LogsError> {
    let member = Member::of(stream, shard);
    let wanted: Option<Vec<ReplicaId>> = shard
        .replicas
        .iter()
        .map(|pod| {
            let node = disks.get(pod)?.node;
            Some(ReplicaId {
                node,
                pod: pod.clone(),
            })
        })
        .collect();
    let Some(wanted) = wanted else {
        return Ok(false);
    };
    // One copy where it is wanted: there is nobody to ask and nothing to do.
    if let [pod] = shard.replicas.as_slice() {
        let mut elsewhere = disks.iter().filter(|(other, _)| *other != pod);
        if !elsewhere.any(|(_, disk)| disk.shards.contains(&shard.uid)) {
            return Ok(true);
        }
    }
    let has_it = |disk: &Disk| disk.shards.contains(&shard.uid);
    let holders = disks.iter().filter(|(_, disk)| has_it(disk));
    let holders: Vec<_> = holders.map(|(pod, _)| pod.clone()).collect();
    let Some((_, voters)) = remote.roles(member, &holders).await? else {
        trace::note(|| format!("nobody is known to lead {}", shard.id.index()));
        return Ok(false);
    };
    let voting: BTreeSet<u64> = voters.iter().map(|replica| replica.node).collect();
    let is_wanted: BTreeSet<u64> = wanted.iter().map(|replica| replica.node).collect();
    if voting.is_empty() {
        return Ok(false);
    }
    let votes_blindly = |it: &ReplicaId| voting.contains(&it.node) && !holders.contains(&it.pod);
    let (blind, others): (Vec<_>, Vec<_>) = wanted.iter().cloned().partition(votes_blindly);
    if !blind.is_empty() && !others.is_empty() {
        trace::note(|| format!("{}: {blind:x?} vote without a log", shard.id.index()));
        remote.change_replicas(member, &others).await?;
        return Ok(false);
    }
    if voting != is_wanted {
        trace::note(|| {
            format!(
                "{}: {voting:x?} vote, {is_wanted:x?} are wanted",
                shard.id.index()
            )
        });
        for pod in &shard.replicas {
            if disks.get(pod).is_some_and(|disk| !has_it(disk)) {
                remote.join(member, pod).await?;
                trace::note(|| format!("{pod} joins {}", shard.id.index()));
            }
        }
        if remote.change_replicas(member, &wanted).await? {
            trace::note(|| format!("{} has the wanted replicas", shard.id.index()));
        }
        return Ok(false);
    }
    for (pod, disk) in disks {
        if !shard.replicas.contains(pod) && !voting.contains(&disk.node) && has_it(disk) {
            remote.remove(member, pod).await?;
            trace::note(|| format!("{pod} no longer has {}", shard.id.index()));
        }
    }
    Ok(true)
}
