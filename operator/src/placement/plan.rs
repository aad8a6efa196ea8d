//! Which pod a new shard goes to, and how many pods a pool needs. Pure.
//!
//! A shard that was placed stays where it is; only how many hold it follows what is wished.

use std::collections::BTreeMap;

use anabranch_domain::{PodName, ShardUid};

/// A shard of a pool, and the pods it was placed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Which shard.
    pub shard: ShardUid,
    /// Its pods; none: it is to be placed.
    pub replicas: Vec<PodName>,
    /// How many pods are to hold it.
    pub factor: u32,
}

/// How many pods a pool of these shards needs: for their number, within the bounds, one for each replica of any shard, and
/// never fewer than hold something.
pub fn pods_wanted(shards: &[Placed], shards_per_pod: u32, bounds: (u32, u32)) -> u32 {
    let count = shards
        .iter()
        .map(|shard| shard.factor)
        .fold(0, u32::saturating_add);
    let (least, most) = bounds;
    let apart = shards.iter().map(|shard| shard.factor).max().unwrap_or(0);
    let for_number = count.div_ceil(shards_per_pod.max(1)).max(apart);
    let replicas = shards.iter().flat_map(|shard| &shard.replicas);
    let last_in_use = replicas.map(|pod| pod.ordinal() + 1).max().unwrap_or(0);
    for_number.clamp(least, most).max(last_in_use)
}

/// Pods for each shard that has none, each on another: those with the fewest replicas, the lowest of those. The first of
/// them is to lead, and is the one of them that leads the fewest. Nothing where too few pods have room.
pub fn plan(
    shards: &[Placed],
    stateful_set: &str,
    pods: u32,
    shards_per_pod: u32,
) -> Vec<(ShardUid, Vec<PodName>)> {
    let mut loads: BTreeMap<u32, Load> = (0..pods).map(|pod| (pod, Load::default())).collect();
    for shard in shards {
        for (place, pod) in shard.replicas.iter().enumerate() {
            loads.entry(pod.ordinal()).or_default().add(place == 0);
        }
    }
    let mut placed = Vec::new();
    for shard in shards.iter().filter(|shard| shard.replicas.is_empty()) {
        let has_room = loads
            .iter()
            .filter(|(pod, load)| **pod < pods && load.replicas < shards_per_pod);
        let mut chosen: Vec<(u32, Load)> = has_room.map(|(pod, load)| (*pod, *load)).collect();
        chosen.sort_unstable_by_key(|(pod, load)| (load.replicas, *pod));
        let factor = shard.factor.max(1) as usize;
        if chosen.len() < factor {
            break;
        }
        chosen.truncate(factor);
        chosen.sort_unstable_by_key(|(pod, load)| (load.leaders, *pod));
        for (place, (pod, _)) in chosen.iter().enumerate() {
            loads.entry(*pod).or_default().add(place == 0);
        }
        let name = |(pod, _): &(u32, Load)| format!("{stateful_set}-{pod}").parse().ok();
        if let Some(pods) = chosen.iter().map(name).collect() {
            placed.push((shard.shard, pods));
        }
    }
    placed
}

/// The pods of shards that are held by more or fewer than they are to be: who leads stays, the last ones go, and new ones
/// are those with the fewest replicas. Nothing where too few pods have room.
pub fn adjust(
    shards: &[Placed],
    stateful_set: &str,
    pods: u32,
    shards_per_pod: u32,
) -> Vec<(ShardUid, Vec<PodName>)> {
    let mut loads: BTreeMap<u32, u32> = (0..pods).map(|pod| (pod, 0)).collect();
    for pod in shards.iter().flat_map(|shard| &shard.replicas) {
        *loads.entry(pod.ordinal()).or_default() += 1;
    }
    let mut adjusted = Vec::new();
    for shard in shards.iter().filter(|shard| !shard.replicas.is_empty()) {
        let factor = shard.factor.max(1) as usize;
        let mut on = shard.replicas.clone();
        on.truncate(factor);
        while on.len() < factor {
            let free = loads.iter().filter(|(pod, load)| {
                **pod < pods && **load < shards_per_pod && on.iter().all(|on| on.ordinal() != **pod)
            });
            let Some(pod) = free
                .min_by_key(|(pod, load)| (**load, **pod))
                .map(|(pod, _)| *pod)
            else {
                break;
            };
            let Ok(name) = format!("{stateful_set}-{pod}").parse() else {
                break;
            };
            *loads.entry(pod).or_default() += 1;
            on.push(name);
        }
        if on.len() == factor && on != shard.replicas {
            adjusted.push((shard.shard, on));
        }
    }
    adjusted
}

/// What a pod has.
#[derive(Debug, Clone, Copy, Default)]
struct Load {
    replicas: u32,
    leaders: u32,
}

impl Load {
    fn add(&mut self, leads: bool) {
        self.replicas += 1;
        self.leaders += u32::from(leads);
    }
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
                factor: 1,
            })
            .collect()
    }

    fn ordinals(on: &[Option<u32>], pods: u32, per_pod: u32) -> Vec<u32> {
        let placed = plan(&shards(on), "p", pods, per_pod);
        placed.iter().map(|(_, pods)| pods[0].ordinal()).collect()
    }

    /// The pods of shards of three replicas each, by their ordinals.
    fn of_three(count: usize, pods: u32, per_pod: u32) -> Vec<Vec<u32>> {
        let mut all = shards(&vec![None; count]);
        for shard in &mut all {
            shard.factor = 3;
        }
        let placed = plan(&all, "p", pods, per_pod);
        let ordinals = |pods: &Vec<PodName>| pods.iter().map(PodName::ordinal).collect();
        placed.iter().map(|(_, pods)| ordinals(pods)).collect()
    }

    #[test]
    fn replicas_are_apart_and_every_pod_leads_its_share() {
        assert_eq!(
            of_three(3, 3, 10),
            [vec![0, 1, 2], vec![1, 2, 0], vec![2, 0, 1]]
        );
        let on_five = of_three(5, 5, 10);
        for pod in 0..5 {
            let held = on_five.iter().filter(|pods| pods.contains(&pod)).count();
            let led = on_five.iter().filter(|pods| pods[0] == pod).count();
            assert_eq!((held, led), (3, 1), "pod {pod}");
        }
    }

    #[test]
    fn a_shard_is_placed_whole_or_not_at_all() {
        assert_eq!(of_three(1, 2, 10), Vec::<Vec<u32>>::new());
        assert_eq!(
            of_three(3, 3, 2).len(),
            2,
            "three pods with room for two each"
        );
    }

    #[test]
    fn copies_are_added_and_taken_away_and_the_leader_stays() {
        let mut all = shards(&[Some(1), Some(1), Some(0)]);
        for shard in &mut all {
            shard.factor = 3;
        }
        let grown = adjust(&all, "p", 4, 10);
        let ordinals: Vec<Vec<u32>> = grown
            .iter()
            .map(|(_, pods)| pods.iter().map(PodName::ordinal).collect())
            .collect();
        assert_eq!(ordinals, [vec![1, 2, 3], vec![1, 0, 2], vec![0, 3, 1]]);
        for (shard, (_, pods)) in all.iter_mut().zip(grown) {
            shard.replicas = pods;
        }
        assert_eq!(adjust(&all, "p", 4, 10), []);
        assert_eq!(adjust(&all[..1], "p", 4, 10), []);
        all[0].factor = 1;
        assert_eq!(
            adjust(&all, "p", 4, 10)[0].1,
            ["p-1".parse().expect("a pod")]
        );
        all[0].factor = 5;
        assert_eq!(adjust(&all, "p", 4, 10), [], "four pods are not enough");
    }

    #[test]
    fn there_is_a_pod_for_each_replica() {
        let mut all = shards(&[None]);
        all[0].factor = 3;
        assert_eq!(pods_wanted(&all, 100, (1, 10)), 3);
        assert_eq!(pods_wanted(&all, 100, (1, 2)), 2, "and no more than may be");
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
        for (uid, pods) in plan(&all, "p", 3, 4) {
            let shard = all.iter_mut().find(|shard| shard.shard == uid);
            shard.expect("there").replicas = pods;
        }
        assert_eq!(plan(&all, "p", 3, 4), []);
    }
}
