//! What is: what is on the pods' disks, and of shards with several copies, what those who lead them say. Reads only.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anabranch::resharding::{Member, ShardLogs as _};
use anabranch::serving::{Disk, RemoteShards};
use anabranch_domain::catalog::{Shard, ShardStatus, Snapshot, Stream};
use anabranch_domain::retention::{Trim, trim};
use anabranch_domain::{PodName, ShardId, ShardUid, Timestamp};
use futures_util::stream::{self, StreamExt as _};
use tokio::time::timeout;

use super::status::Evidence;
use crate::streams::status::with_range;

/// Pods that are asked at a time.
const AT_ONCE: usize = 16;
/// Shards that are named in a sentence; the rest is counted.
const NAMED_MAX: usize = 20;

/// A shard's replicas together do not answer for this long: they are away.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// What pods say.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Their disks. A pod that does not answer is not in it.
    disks: BTreeMap<PodName, Disk>,
    /// Of shards with several copies: whether the log is there. One that nobody answers for is not in it.
    logs: HashMap<ShardUid, bool>,
}

/// Asks who leads the shards of `snapshot`, whose pods' disks are known.
pub(super) async fn ask(
    pods: &RemoteShards,
    snapshot: &Snapshot,
    disks: BTreeMap<PodName, Disk>,
) -> Said {
    let serving = || snapshot.streams.values().filter(|it| it.is_serving());
    let copied = serving().flat_map(|stream| {
        let shards = stream.shards.values();
        let copied = shards.filter(|it| it.replicas.len() > 1);
        copied.map(move |shard| Member::of(stream, shard))
    });
    let copied: Vec<_> = copied.collect();
    let logs = copied.into_iter().map(|member| async move {
        let asked = timeout(ANSWER_MAX, pods.facts(member)).await;
        let facts = asked.ok()?.ok()?;
        Some((member.shard.uid, facts.is_some()))
    });
    let logs = stream::iter(logs.collect::<Vec<_>>());
    let logs: Vec<_> = logs.buffer_unordered(AT_ONCE).collect().await;
    Said {
        disks,
        logs: logs.into_iter().flatten().collect(),
    }
}

/// What that means for one stream, which was as `before` when the pods were asked. A shard that was made since, or is about
/// to be forgotten, is no evidence of anything. Pure.
pub(super) fn evidence(before: &Stream, stream: &Stream, said: &Said, now: Timestamp) -> Evidence {
    let mut evidence = Evidence::default();
    if !stream.is_serving() || before.uid != stream.uid {
        return evidence;
    }
    let is_lasting = |shard: &&Arc<Shard>| {
        stream.shards.contains_key(&shard.id)
            && trim(shard, None, stream.retention_hours, now) != Trim::Everything
    };
    let mut low = BTreeSet::new();
    // As they were when the pods were asked: then their logs were there already.
    for shard in before.shards.values().filter(is_lasting) {
        let is_being_made = shard.status == ShardStatus::Creating;
        // Not placed: its pods have not been chosen yet.
        let Some(first) = shard.replicas.first().filter(|_| !is_being_made) else {
            continue;
        };
        let is_there = if shard.replicas.len() > 1 {
            said.logs.get(&shard.uid).copied()
        } else {
            let disk = said.disks.get(first);
            disk.map(|disk| disk.shards.contains(&shard.uid))
        };
        match is_there {
            None => evidence.unreachable.push(shard.id.to_string()),
            Some(false) => evidence.lost.push(with_range(shard)),
            Some(true) => {}
        }
        let disks = shard.replicas.iter().map(|pod| (pod, said.disks.get(pod)));
        let full = disks.filter(|(_, disk)| disk.is_some_and(|disk| disk.is_storage_low));
        low.extend(full.map(|(pod, _)| pod.to_string()));
    }
    shorten(&mut evidence.unreachable);
    shorten(&mut evidence.lost);
    evidence.low_disks = low.into_iter().collect();
    shorten(&mut evidence.low_disks);
    evidence
}

/// The shards of `stream` that fewer than `factor` pods have with a vote, where it is known who votes; how many they are. Pure.
pub(super) fn too_few(
    stream: &Stream,
    factor: u32,
    voters: &BTreeMap<ShardId, Vec<PodName>>,
) -> Vec<String> {
    let formed = stream
        .shards
        .values()
        .filter(|shard| shard.status != ShardStatus::Creating);
    let mut found: Vec<_> = formed
        .filter_map(|shard| {
            let count = voters.get(&shard.id)?.len();
            let is_short = count > 0 && u32::try_from(count).is_ok_and(|count| count < factor);
            is_short.then(|| format!("{} has {count} of {factor}", shard.id))
        })
        .collect();
    shorten(&mut found);
    found
}

fn shorten(names: &mut Vec<String>) {
    if names.len() > NAMED_MAX {
        let more = names.len() - NAMED_MAX;
        names.truncate(NAMED_MAX);
        names.push(format!("{more} more"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use anabranch_domain::StreamUid;
    use anabranch_domain::catalog::{Account, CreateStream, Shard, StreamBecameActive, StreamMode};
    use anabranch_domain::quota::Limits;

    use super::*;

    /// Two shards: the first on pod 0, the second on pod 1.
    fn stream() -> Stream {
        let account = Account::new(
            "000000000000".parse().expect("an account"),
            "us-east-1".parse().expect("a region"),
        );
        let name: anabranch_domain::StreamName = "clicks".parse().expect("a name");
        let uid = StreamUid::from_bits(1);
        let now = Timestamp::from_secs(1_700_000_000);
        let create = CreateStream {
            name: name.clone(),
            uid,
            mode: StreamMode::Provisioned,
            shard_uids: vec![ShardUid::from_bits(1), ShardUid::from_bits(2)],
            tags: std::collections::BTreeMap::new(),
            max_record_size_kib: None,
            warm_throughput_mibps: None,
            record_distribution: None,
        };
        let empty = Snapshot::new(account, Limits::unlimited());
        let created = empty.apply(&create.into(), now).expect("accepted").0;
        let active = StreamBecameActive {
            name: name.clone(),
            uid,
        };
        let active = created.apply(&active.into(), now).expect("accepted").0;
        let mut stream = Stream::clone(&active.streams[&name]);
        for (pod, shard) in stream.shards.clone().values().enumerate() {
            let placed = Shard {
                replicas: vec![format!("p-{pod}").parse().expect("a pod's name")],
                ..Shard::clone(shard)
            };
            stream.shards.insert(shard.id, placed.into());
        }
        stream
    }

    fn disk(shards: &[u128], is_storage_low: bool) -> Disk {
        Disk {
            node: 0,
            shards: shards
                .iter()
                .map(|uid| ShardUid::from_bits(*uid))
                .collect::<HashSet<_>>(),
            is_storage_low,
        }
    }

    fn found(disks: &[(u32, Disk)]) -> Evidence {
        let named = disks.iter().map(|(pod, disk)| {
            let pod = format!("p-{pod}").parse().expect("a pod's name");
            (pod, disk.clone())
        });
        let stream = stream();
        let said = Said {
            disks: named.collect(),
            logs: HashMap::new(),
        };
        evidence(&stream, &stream, &said, Timestamp::EPOCH)
    }

    #[test]
    fn a_shard_with_fewer_votes_than_copies_are_asked_for_is_named() {
        let pod = |ordinal: usize| -> PodName { format!("p-{ordinal}").parse().expect("a name") };
        let stream = stream();
        let [one, two] = [0, 1].map(|place| *stream.shards.keys().nth(place).expect("two"));
        let voters = |counts: [usize; 2]| {
            let of = |count| (0..count).map(pod).collect();
            BTreeMap::from([(one, of(counts[0])), (two, of(counts[1]))])
        };
        let found = |factor, counts| too_few(&stream, factor, &voters(counts));
        assert_eq!(found(3, [3, 2]), ["shardId-000000000001 has 2 of 3"]);
        assert!(found(3, [4, 3]).is_empty(), "one moves");
        assert!(found(3, [0, 3]).is_empty(), "nobody knows");
        assert!(found(1, [1, 1]).is_empty());
    }

    #[test]
    fn a_pod_that_is_away_is_told_from_a_disk_that_lost_its_shard() {
        assert_eq!(
            found(&[(0, disk(&[1], false)), (1, disk(&[2, 7], false))]),
            Evidence::default()
        );
        let away = found(&[(0, disk(&[1], false))]);
        assert_eq!(away.unreachable, ["shardId-000000000001"]);
        assert!(away.lost.is_empty());
        let lost = found(&[(0, disk(&[], false)), (1, disk(&[2], true))]);
        assert!(
            lost.lost[0].starts_with("shardId-000000000000 (0…"),
            "{:?}",
            lost.lost
        );
        assert_eq!(lost.low_disks, ["p-1"]);
    }
}
