//! Pods for shards that have too few: new ones, and those that are to have more copies.

use anabranch_domain::{PodName, ShardUid};

use super::loads::Loads;
use super::pool::{Pool, Presence, Seat};

/// A pod that is not there yet may be chosen: a new pool has none that is.
fn may_come(seat: &Seat) -> bool {
    seat.presence != Presence::Gone
}

/// Pods for each shard that has none, each on another, apart from each other where that can be and with the least on it. The first of
/// them is to lead, and is the one of them that leads the fewest. Nothing where too few pods have room.
pub fn plan(pool: &Pool) -> Vec<(ShardUid, Vec<PodName>)> {
    let mut loads = Loads::of(pool);
    let mut placed = Vec::new();
    for shard in pool.shards.iter().filter(|it| it.replicas.is_empty()) {
        let mut chosen = Vec::new();
        while chosen.len() < shard.copies() {
            let Some(place) = loads.best(&chosen, may_come) else {
                break;
            };
            chosen.push(place);
        }
        if chosen.len() < shard.copies() {
            break;
        }
        chosen.sort_unstable_by_key(|place| (loads.leaders(*place), *place));
        for (turn, place) in chosen.iter().enumerate() {
            loads.add(*place, shard, turn == 0);
        }
        let pods = chosen.iter().map(|place| pool.seats[*place].pod.clone());
        placed.push((shard.shard, pods.collect()));
    }
    placed
}

/// The pods of shards that are held by fewer than they are to be: new ones are added to those that there are. Nothing
/// where too few pods have room.
pub fn adjust(pool: &Pool) -> Vec<(ShardUid, Vec<PodName>)> {
    let mut loads = Loads::of(pool);
    let mut adjusted = Vec::new();
    for shard in pool.shards.iter().filter(|it| !it.replicas.is_empty()) {
        let mut on = pool.places(&shard.replicas);
        let there = on.len();
        if there < shard.replicas.len() || there >= shard.copies() {
            continue;
        }
        while on.len() < shard.copies() {
            let Some(place) = loads.best(&on, may_come) else {
                break;
            };
            loads.add(place, shard, false);
            on.push(place);
        }
        if on.len() == shard.copies() {
            let pods = on.iter().map(|place| pool.seats[*place].pod.clone());
            adjusted.push((shard.shard, pods.collect()));
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::super::moves_test::{ordinals, placed, seats};
    use super::*;

    fn pool(shards: Vec<super::super::Placed>, pods: u32, shards_per_pod: u32) -> Pool {
        Pool {
            shards,
            seats: seats(pods),
            stay: pods,
            shards_per_pod,
        }
    }

    fn new(on: &[Option<u32>], pods: u32, per_pod: u32) -> Vec<Vec<u32>> {
        let shards = on.iter().zip(1..);
        let shards = shards.map(|(pod, uid)| match pod {
            Some(pod) => placed(uid, &[*pod], 1),
            None => placed(uid, &[], 1),
        });
        ordinals(&plan(&pool(shards.collect(), pods, per_pod)))
    }

    fn of_three(count: u128, pods: u32, per_pod: u32) -> Vec<Vec<u32>> {
        let shards = (1..=count).map(|uid| placed(uid, &[], 3));
        ordinals(&plan(&pool(shards.collect(), pods, per_pod)))
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
    fn replicas_are_on_different_nodes_and_zones_where_there_are_such() {
        let mut spread = pool(vec![placed(1, &[], 3), placed(2, &[], 3)], 6, 10);
        for (place, seat) in spread.seats.iter_mut().enumerate() {
            seat.node = Some(format!("node-{}", place / 2));
            seat.zone = Some(format!("zone-{}", place / 4));
        }
        for pods in ordinals(&plan(&spread)) {
            let nodes: std::collections::BTreeSet<_> = pods.iter().map(|pod| pod / 2).collect();
            assert_eq!(nodes.len(), 3, "{pods:?}");
        }
        let one = Pool {
            shards: vec![placed(1, &[0], 3)],
            ..spread.clone()
        };
        assert_eq!(ordinals(&adjust(&one)), [[0, 4, 2]], "the other zone first");
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
    fn copies_are_added_to_those_that_there_are() {
        let all = vec![placed(1, &[1], 3), placed(2, &[1], 3), placed(3, &[0], 3)];
        let mut grown = pool(all, 4, 10);
        assert_eq!(
            ordinals(&adjust(&grown)),
            [vec![1, 2, 3], vec![1, 0, 2], vec![0, 3, 1]]
        );
        for (shard, pods) in adjust(&grown) {
            let mut found = grown.shards.iter_mut().filter(|it| it.shard == shard);
            found.next().expect("there").replicas = pods;
        }
        assert_eq!(adjust(&grown), []);
        grown.shards[0].factor = 5;
        assert_eq!(adjust(&grown), [], "four pods are not enough");
    }

    #[test]
    fn new_shards_go_where_there_are_the_fewest() {
        assert_eq!(new(&[None, None, None, None], 2, 10), [[0], [1], [0], [1]]);
        assert_eq!(
            new(&[Some(0), Some(0), None, None, None], 2, 10),
            [[1], [1], [0]]
        );
    }

    #[test]
    fn a_placed_shard_stays_and_a_full_pool_takes_no_more() {
        assert!(new(&[Some(0), Some(1)], 2, 10).is_empty());
        assert_eq!(new(&[Some(0), None, None], 1, 2), [[0]]);
    }

    #[test]
    fn nothing_new_goes_to_a_pod_that_is_to_go_or_is_gone() {
        let mut some = pool(vec![placed(1, &[], 1), placed(2, &[], 1)], 3, 10);
        some.stay = 2;
        some.seats[0].presence = Presence::Gone;
        assert_eq!(ordinals(&plan(&some)), [[1], [1]]);
    }
}
