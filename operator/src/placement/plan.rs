//! Which pod a new shard goes to, and how many pods a pool needs. Pure.
//!
//! A shard that was placed stays: until replicas can be moved, where it is is where its records are.

use std::collections::BTreeMap;

use anabranch_domain::{PodName, ShardUid};

/// A shard of a pool, and the pods it was placed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Which shard.
    pub shard: ShardUid,
    /// Its pods; none: it is to be placed.
    pub replicas: Vec<PodName>,
}

/// How many pods a pool of these shards needs: for their number, within the bounds, and never fewer than hold something.
pub fn pods_wanted(shards: &[Placed], shards_per_pod: u32, bounds: (u32, u32)) -> u32 {
    let count = u32::try_from(shards.len()).unwrap_or(u32::MAX);
    let (least, most) = bounds;
    let for_number = count.div_ceil(shards_per_pod.max(1)).clamp(least, most);
    let replicas = shards.iter().flat_map(|shard| &shard.replicas);
    let last_in_use = replicas.map(|pod| pod.ordinal() + 1).max().unwrap_or(0);
    for_number.max(last_in_use)
}

/// A pod for each shard that has none: the one with the fewest, the lowest of those. Nothing where no pod has room.
pub fn plan(
    shards: &[Placed],
    stateful_set: &str,
    pods: u32,
    shards_per_pod: u32,
) -> Vec<(ShardUid, PodName)> {
    let mut load: BTreeMap<u32, u32> = (0..pods).map(|pod| (pod, 0)).collect();
    for pod in shards.iter().flat_map(|shard| &shard.replicas) {
        *load.entry(pod.ordinal()).or_default() += 1;
    }
    let mut placed = Vec::new();
    for shard in shards.iter().filter(|shard| shard.replicas.is_empty()) {
        let emptiest = load
            .iter_mut()
            .filter(|(pod, load)| **pod < pods && **load < shards_per_pod)
            .min_by_key(|(pod, load)| (**load, **pod));
        let Some((ordinal, load)) = emptiest else {
            break;
        };
        *load += 1;
        if let Ok(pod) = format!("{stateful_set}-{ordinal}").parse() {
            placed.push((shard.shard, pod));
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(on: &[Option<u32>]) -> Vec<Placed> {
        on.iter()
            .zip(1..)
            .map(|(pod, uid)| Placed {
                shard: ShardUid::from_bits(uid),
                replicas: pod
                    .iter()
                    .map(|pod| format!("p-{pod}").parse().expect("a pod"))
                    .collect(),
            })
            .collect()
    }

    fn ordinals(on: &[Option<u32>], pods: u32, per_pod: u32) -> Vec<u32> {
        let placed = plan(&shards(on), "p", pods, per_pod);
        placed.iter().map(|(_, pod)| pod.ordinal()).collect()
    }

    #[test]
    fn pods_follow_the_number_of_shards_within_the_bounds() {
        for (count, per_pod, bounds, wanted) in [
            (0, 100, (1, 10), 1),
            (100, 100, (1, 10), 1),
            (101, 100, (1, 10), 2),
            (5000, 100, (1, 10), 10),
            (4, 2, (3, 3), 3),
            (0, 100, (0, 0), 0),
        ] {
            let unplaced = shards(&vec![None; count]);
            assert_eq!(pods_wanted(&unplaced, per_pod, bounds), wanted, "{count}");
        }
    }

    #[test]
    fn a_pod_that_holds_a_shard_is_not_taken_away() {
        assert_eq!(pods_wanted(&shards(&[Some(4)]), 100, (1, 2)), 5);
    }

    #[test]
    fn new_shards_go_where_there_are_the_fewest() {
        assert_eq!(ordinals(&[None, None, None, None], 2, 10), [0, 1, 0, 1]);
        assert_eq!(
            ordinals(&[Some(0), Some(0), None, None, None], 2, 10),
            [1, 1, 0]
        );
    }

    #[test]
    fn a_placed_shard_stays_and_a_full_pool_takes_no_more() {
        assert_eq!(ordinals(&[Some(0), Some(1)], 2, 10), Vec::<u32>::new());
        assert_eq!(ordinals(&[Some(0), None, None], 1, 2), [0]);
    }

    #[test]
    fn after_a_plan_is_carried_out_there_is_nothing_to_plan() {
        let mut all = shards(&[None, Some(1), None, None]);
        for (uid, pod) in plan(&all, "p", 3, 4) {
            let shard = all.iter_mut().find(|shard| shard.shard == uid);
            shard.expect("there").replicas = vec![pod];
        }
        assert_eq!(plan(&all, "p", 3, 4), []);
    }
}
