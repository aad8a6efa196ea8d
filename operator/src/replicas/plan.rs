//! What one shard's replicas need. Pure.

use std::collections::{BTreeMap, BTreeSet};

use anabranch::serving::Disk;
use anabranch::shard::ReplicaId;
use anabranch_domain::{PodName, ShardUid};

/// The next thing to do for a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, or nothing can be done now.
    Nothing,
    /// Have these pods wait for the log, then have the leader go a step towards `wanted`.
    Change {
        join: Vec<PodName>,
        wanted: Vec<ReplicaId>,
    },
    /// Remove what these pods, which are no replicas, still have.
    Clear(Vec<PodName>),
    /// Have the leader hand over to the one that is to lead.
    Lead(ReplicaId),
}

/// What the shard `uid` needs, which is wanted on `pods` and whose `leader` says that `voters` vote. The first of `pods` is to
/// lead, if it `may_lead`.
///
/// While a wanted pod does not answer, nothing is changed: it may be about to come back, and with another in its place
/// there would be fewer copies meanwhile, not more. Who votes and does not have the log, because an attempt to form it ended
/// half way, is let go first and joins like any other: it must not vote as if it had forgotten nothing. **A log is removed only from a disk that does not vote, when exactly the
/// wanted disks do.**
pub(super) fn step(
    uid: ShardUid,
    pods: &[PodName],
    (leader, voters): (&PodName, &[ReplicaId]),
    disks: &BTreeMap<PodName, Disk>,
    may_lead: impl Fn(&PodName) -> bool,
) -> Step {
    let wanted: Option<Vec<ReplicaId>> = pods
        .iter()
        .map(|pod| {
            let disk = disks.get(pod)?;
            Some(ReplicaId {
                node: disk.node,
                pod: pod.clone(),
            })
        })
        .collect();
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else {
        return Step::Nothing;
    };
    let has_it = |pod: &PodName| {
        disks
            .get(pod)
            .is_some_and(|disk| disk.shards.contains(&uid))
    };
    let voting: BTreeSet<u64> = voters.iter().map(|replica| replica.node).collect();
    let is_wanted: BTreeSet<u64> = wanted.iter().map(|replica| replica.node).collect();
    if voting.is_empty() {
        return Step::Nothing;
    }
    let votes_blindly = |it: &ReplicaId| voting.contains(&it.node) && !has_it(&it.pod);
    let (blind, others): (Vec<_>, Vec<_>) = wanted.iter().cloned().partition(votes_blindly);
    if !blind.is_empty() && !others.is_empty() {
        return Step::Change {
            join: Vec::new(),
            wanted: others,
        };
    }
    if voting != is_wanted {
        let join = pods.iter().filter(|pod| !has_it(pod)).cloned().collect();
        return Step::Change { join, wanted };
    }
    let leftovers = disks.iter().filter(|(pod, disk)| {
        !pods.contains(pod) && !voting.contains(&disk.node) && disk.shards.contains(&uid)
    });
    let leftovers: Vec<_> = leftovers.map(|(pod, _)| pod.clone()).collect();
    if !leftovers.is_empty() {
        return Step::Clear(leftovers);
    }
    match wanted.into_iter().next() {
        Some(first) if first.pod != *leader && may_lead(&first.pod) => Step::Lead(first),
        _ => Step::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SHARD: ShardUid = ShardUid::from_bits(7);

    fn pod(ordinal: usize) -> PodName {
        format!("p-{ordinal}").parse().expect("a pod's name")
    }

    fn pods(ordinals: &[usize]) -> Vec<PodName> {
        ordinals.iter().map(|ordinal| pod(*ordinal)).collect()
    }

    fn replicas(of: &[(usize, u64)]) -> Vec<ReplicaId> {
        let replica = |&(ordinal, node): &(usize, u64)| ReplicaId {
            node,
            pod: pod(ordinal),
        };
        of.iter().map(replica).collect()
    }

    /// Pods by ordinal, each with the number of its disk and whether the shard was formed there.
    fn disks(of: &[(usize, u64, bool)]) -> BTreeMap<PodName, Disk> {
        let disk = |&(ordinal, node, has_it): &(usize, u64, bool)| {
            let shards = has_it.then_some(SHARD).into_iter().collect::<HashSet<_>>();
            let disk = Disk {
                node,
                shards,
                is_storage_low: false,
            };
            (pod(ordinal), disk)
        };
        of.iter().map(disk).collect()
    }

    /// The step of a shard that pod 0 leads, and whose first pod may lead.
    fn step(
        uid: ShardUid,
        pods: &[PodName],
        voters: &[ReplicaId],
        disks: &BTreeMap<PodName, Disk>,
    ) -> Step {
        super::step(uid, pods, (&pod(0), voters), disks, |_| true)
    }

    #[test]
    fn the_first_leads_as_soon_as_it_may_and_everything_else_is_done() {
        let there = disks(&[(0, 10, true), (1, 11, true), (2, 12, true)]);
        let voters = replicas(&[(0, 10), (1, 11), (2, 12)]);
        let wanted = pods(&[2, 0, 1]);
        let led = step(SHARD, &wanted, &voters, &there);
        assert_eq!(led, Step::Lead(replicas(&[(2, 12)]).remove(0)));
        let not_yet = super::step(SHARD, &wanted, (&pod(0), &voters), &there, |_| false);
        assert_eq!(not_yet, Step::Nothing);
        let joining = step(SHARD, &wanted, &voters[..2], &there);
        assert!(matches!(joining, Step::Change { .. }), "{joining:?}");
    }

    #[test]
    fn replicas_that_are_as_wanted_need_nothing() {
        let there = disks(&[(0, 10, true), (1, 11, true), (2, 12, true)]);
        let voters = replicas(&[(0, 10), (1, 11), (2, 12)]);
        assert_eq!(
            step(SHARD, &pods(&[0, 2, 1]), &voters, &there),
            Step::Nothing
        );
    }

    #[test]
    fn a_new_disk_joins_and_takes_the_place_of_the_lost_one() {
        let there = disks(&[(0, 10, true), (1, 99, false), (2, 12, true)]);
        let voters = replicas(&[(0, 10), (1, 11), (2, 12)]);
        assert_eq!(
            step(SHARD, &pods(&[0, 1, 2]), &voters, &there),
            Step::Change {
                join: pods(&[1]),
                wanted: replicas(&[(0, 10), (1, 99), (2, 12)]),
            }
        );
    }

    #[test]
    fn who_votes_without_the_log_is_let_go_and_joins_again() {
        let half_formed = disks(&[(0, 10, true), (1, 11, true), (2, 12, false)]);
        let wanted = pods(&[0, 1, 2]);
        let all = replicas(&[(0, 10), (1, 11), (2, 12)]);
        assert_eq!(
            step(SHARD, &wanted, &all, &half_formed),
            Step::Change {
                join: Vec::new(),
                wanted: all[..2].to_vec(),
            }
        );
        assert_eq!(
            step(SHARD, &wanted, &all[..2], &half_formed),
            Step::Change {
                join: pods(&[2]),
                wanted: all,
            }
        );
    }

    #[test]
    fn while_a_wanted_pod_is_away_or_nobody_leads_nothing_changes() {
        let there = disks(&[(0, 10, true), (2, 12, true)]);
        let voters = replicas(&[(0, 10), (1, 11), (2, 12)]);
        assert_eq!(
            step(SHARD, &pods(&[0, 1, 2]), &voters, &there),
            Step::Nothing
        );
        let all = disks(&[(0, 10, true), (1, 11, true), (2, 12, true)]);
        assert_eq!(step(SHARD, &pods(&[0, 1, 2]), &[], &all), Step::Nothing);
    }

    #[test]
    fn a_log_is_removed_only_where_nobody_votes_and_all_wanted_do() {
        let there = disks(&[(0, 10, true), (1, 11, true), (2, 12, true), (3, 13, true)]);
        let wanted = pods(&[0, 1, 2]);
        let moved = replicas(&[(0, 10), (1, 11), (2, 12)]);
        assert_eq!(
            step(SHARD, &wanted, &moved, &there),
            Step::Clear(pods(&[3]))
        );
        let moving = replicas(&[(0, 10), (1, 11), (3, 13)]);
        assert_eq!(
            step(SHARD, &wanted, &moving, &there),
            Step::Change {
                join: Vec::new(),
                wanted: moved,
            }
        );
    }
}
