//! Laws of moves, over random pools whose replicas follow what is wanted as the shards' leaders let them.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_domain::{PodName, ShardUid};
use proptest::prelude::*;

use super::*;

pub(super) fn pod(ordinal: u32) -> PodName {
    format!("p-{ordinal}").parse().expect("a pod's name")
}

pub(super) fn placed(uid: u128, on: &[u32], factor: u32) -> Placed {
    let replicas: Vec<_> = on.iter().map(|ordinal| pod(*ordinal)).collect();
    Placed {
        shard: ShardUid::from_bits(uid),
        factor,
        voters: replicas.clone(),
        leader: replicas.first().cloned(),
        stage: if on.is_empty() {
            Stage::Forming
        } else {
            Stage::Live
        },
        load: 0,
        replicas,
    }
}

/// Pods that answer, each on a node of its own.
pub(super) fn seats(count: u32) -> Vec<Seat> {
    let seat = |ordinal| Seat {
        pod: pod(ordinal),
        node: Some(format!("node-{ordinal}")),
        zone: None,
        presence: Presence::Up,
        may_hold: false,
    };
    (0..count).map(seat).collect()
}

pub(super) fn ordinals(placed: &[(ShardUid, Vec<PodName>)]) -> Vec<Vec<u32>> {
    let pods = placed.iter().map(|(_, pods)| pods.iter());
    pods.map(|pods| pods.map(PodName::ordinal).collect())
        .collect()
}

fn pool(shards: Vec<Placed>, pods: u32) -> Pool {
    Pool {
        shards,
        seats: seats(pods),
        stay: pods,
        shards_per_pod: 100,
    }
}

/// What one look has done, as pods by ordinal.
fn wanted(pool: &Pool, is_steady: bool) -> Vec<(Cause, Vec<u32>)> {
    let changes = moves(pool, is_steady).into_iter();
    let ordinals = |pods: &[PodName]| pods.iter().map(PodName::ordinal).collect();
    changes
        .map(|change| (change.cause, ordinals(&change.pods)))
        .collect()
}

fn carry_out(pool: &mut Pool, changes: &[Change]) {
    for change in changes {
        let mut found = pool.shards.iter_mut().filter(|it| it.shard == change.shard);
        found.next().expect("there").replicas = change.pods.clone();
    }
}

/// Shards do what is wanted of them where everybody who is wanted answers, and the first leads.
fn follow(pool: &mut Pool) {
    let is_up: BTreeMap<_, _> = pool
        .seats
        .iter()
        .map(|seat| (seat.pod.clone(), seat.presence == Presence::Up))
        .collect();
    for shard in &mut pool.shards {
        if shard.replicas.iter().all(|pod| is_up[pod]) {
            shard.voters.clone_from(&shard.replicas);
            shard.leader = shard.replicas.first().cloned();
        }
    }
}

fn loads(pool: &Pool) -> Vec<usize> {
    let held = |seat: &Seat| {
        let shards = pool.shards.iter();
        shards.filter(|it| it.replicas.contains(&seat.pod)).count()
    };
    pool.seats.iter().map(held).collect()
}

/// Goes on until nothing is to move, and says how many replicas were added.
fn settle(pool: &mut Pool, is_steady: bool) -> usize {
    let mut added = 0;
    for _ in 0..2_000 {
        let changes = moves(pool, is_steady);
        if changes.is_empty() {
            return added;
        }
        for change in &changes {
            let before = pool.shards.iter().find(|it| it.shard == change.shard);
            let before = before.expect("there");
            let distinct: BTreeSet<_> = change.pods.iter().collect();
            assert_eq!(distinct.len(), change.pods.len(), "{change:?}");
            assert!(change.pods.len() <= before.copies() + 1, "{change:?}");
            let heirs = change.pods.iter().filter(|it| before.voters.contains(it));
            let gone = before
                .voters
                .iter()
                .filter(|pod| pool.is(pod, Presence::Gone));
            let are_enough = heirs.clone().count() == before.copies()
                || heirs.clone().count() + gone.count() >= before.voters.len();
            assert!(are_enough, "{before:?} {change:?}");
            added += change
                .pods
                .iter()
                .filter(|it| !before.replicas.contains(it))
                .count();
        }
        carry_out(pool, &changes);
        follow(pool);
    }
    panic!("it does not end: {pool:?}");
}

#[test]
fn one_copy_moves_by_being_two() {
    let mut shrinking = pool(vec![placed(1, &[1], 1)], 2);
    shrinking.stay = 1;
    assert_eq!(wanted(&shrinking, false), [(Cause::Drain, vec![1, 0])]);
    shrinking.shards[0].replicas = vec![pod(1), pod(0)];
    assert_eq!(wanted(&shrinking, false), [], "it is being copied");
    shrinking.shards[0].voters = vec![pod(1), pod(0)];
    assert_eq!(
        wanted(&shrinking, false),
        [(Cause::Finish, vec![0, 1])],
        "first the other leads"
    );
    shrinking.shards[0].replicas = vec![pod(0), pod(1)];
    assert_eq!(wanted(&shrinking, false), [], "it does not yet");
    shrinking.shards[0].leader = Some(pod(0));
    assert_eq!(wanted(&shrinking, false), [(Cause::Finish, vec![0])]);
}

#[test]
fn fewer_copies_are_wanted_where_it_is_led() {
    let mut fewer = pool(vec![placed(1, &[0, 1, 2], 1)], 3);
    fewer.shards[0].leader = Some(pod(2));
    assert_eq!(wanted(&fewer, false), [(Cause::Finish, vec![2])]);
    fewer.seats[2].presence = Presence::Away;
    assert_eq!(wanted(&fewer, false), [], "not while it is away");
}

#[test]
fn one_that_is_gone_is_replaced_and_one_that_is_away_is_waited_for() {
    let mut hurt = pool(vec![placed(1, &[1, 0, 2], 3)], 4);
    hurt.seats[1].presence = Presence::Away;
    assert_eq!(wanted(&hurt, true), []);
    hurt.seats[1].presence = Presence::Gone;
    assert_eq!(wanted(&hurt, true), [(Cause::Replace, vec![0, 2, 3])]);
    hurt.seats[2].presence = Presence::Away;
    assert_eq!(wanted(&hurt, true), [], "the rest is no majority");
    let mut alone = pool(vec![placed(1, &[1], 1)], 2);
    alone.seats[1].presence = Presence::Gone;
    assert_eq!(wanted(&alone, true), [], "there is nothing to copy from");
    alone.shards[0].stage = Stage::Forming;
    assert_eq!(wanted(&alone, true), [(Cause::Replace, vec![0])]);
}

#[test]
fn one_that_dies_while_it_is_moved_to_is_let_go() {
    let mut moving = pool(vec![placed(1, &[0, 1, 2], 3)], 5);
    moving.shards[0].replicas.push(pod(3));
    moving.seats[3].presence = Presence::Gone;
    assert_eq!(wanted(&moving, false), [(Cause::Finish, vec![0, 1, 2])]);
}

#[test]
fn a_pod_is_sent_one_shard_at_a_time() {
    let shards = (1..=6).map(|uid| placed(uid, &[2], 1)).collect();
    let mut shrinking = pool(shards, 3);
    shrinking.stay = 2;
    let begun = wanted(&shrinking, false);
    assert_eq!(begun.len(), 2, "{begun:?}");
    let changes = moves(&shrinking, false);
    carry_out(&mut shrinking, &changes);
    assert_eq!(wanted(&shrinking, false), []);
}

#[test]
fn a_new_pod_takes_its_share_and_no_more_is_moved() {
    let shards = (0..9).map(|uid| placed(u128::from(uid), &[uid % 2], 1));
    let mut grown = pool(shards.collect(), 3);
    assert_eq!(settle(&mut grown, false), 0, "not before it is quiet");
    assert_eq!(settle(&mut grown, true), 3);
    assert_eq!(loads(&grown), [3, 3, 3]);
}

#[test]
fn nothing_that_could_stay_moves_while_anything_is_wrong() {
    let shards = || (0..8).map(|uid| placed(uid, &[0], 1)).collect();
    let mut away = pool(shards(), 3);
    away.seats[2].presence = Presence::Away;
    assert_eq!(wanted(&away, true), []);
    let mut lagging = pool(shards(), 3);
    lagging.shards[7] = placed(7, &[0, 1, 2], 3);
    lagging.shards[7].voters.pop();
    assert_eq!(wanted(&lagging, true), []);
    lagging.shards[7].voters.push(pod(2));
    assert_eq!(wanted(&lagging, true).len(), 1);
}

#[test]
fn two_replicas_on_a_node_are_taken_apart_where_that_can_be() {
    let mut close = pool(vec![placed(1, &[0, 1, 2], 3)], 4);
    close.seats[1].node = Some("node-0".to_owned());
    settle(&mut close, true);
    let pods: BTreeSet<_> = close.shards[0].replicas.iter().cloned().collect();
    assert!(pods.contains(&pod(2)) && pods.contains(&pod(3)), "{pods:?}");
    close.seats.pop();
    close.stay = 3;
    close.shards = vec![placed(1, &[0, 1, 2], 3)];
    assert_eq!(settle(&mut close, true), 0, "there is no other node");
}

#[test]
fn every_pod_comes_to_lead_its_share() {
    let shards = (0..9).map(|uid| placed(uid, &[0, 1, 2], 3)).collect();
    let mut one_sided = pool(shards, 3);
    assert_eq!(settle(&mut one_sided, true), 0, "nothing is copied");
    for ordinal in 0..3 {
        let led = one_sided.shards.iter();
        let led = led.filter(|it| it.leader == Some(pod(ordinal))).count();
        assert_eq!(led, 3, "pod {ordinal}");
    }
}

#[test]
fn pods_are_evened_out_by_what_is_put_and_not_only_by_number() {
    const MIB: u64 = 1 << 20;
    let full = |uid, on| Placed {
        load: MIB,
        ..placed(uid, &[on], 1)
    };
    let idle = |uid, on| placed(uid, &[on], 1);
    let mut uneven = pool(vec![full(1, 0), full(2, 0), idle(3, 1), idle(4, 1)], 2);
    assert_eq!(settle(&mut uneven, false), 0, "not before it is quiet");
    assert_eq!(settle(&mut uneven, true), 2, "one goes, one comes");
    let of = |uid: usize| uneven.shards[uid - 1].replicas.clone();
    assert_ne!(of(1), of(2));
    assert_ne!(of(3), of(4));
    // A tenth of a shard's share more is not worth a copy.
    let some = |uid, on, load| Placed {
        load,
        ..placed(uid, &[on], 1)
    };
    let tenth = [(1, 0, 400), (2, 0, 400), (3, 1, 300), (4, 1, 300)];
    let tenth = tenth.map(|(uid, on, kib)| some(uid, on, kib << 10));
    assert_eq!(settle(&mut pool(tenth.into(), 2), true), 0);
    // One that is on its way to where there is less stays there, and is not the one that is let go.
    let mut moving = pool(vec![full(1, 0), full(2, 0), idle(3, 1), idle(4, 1)], 2);
    let begun = moves(&moving, true);
    assert_eq!(begun.len(), 1, "one at a time: {begun:?}");
    carry_out(&mut moving, &begun);
    follow(&mut moving);
    assert_eq!(wanted(&moving, false), [(Cause::Finish, vec![1, 0])]);
}

#[test]
fn a_new_shard_goes_where_the_least_is_put() {
    let mut shards: Vec<_> = (1..=4).map(|uid| placed(uid, &[0], 1)).collect();
    shards.push(Placed {
        load: 1 << 20,
        ..placed(5, &[1], 1)
    });
    shards.push(placed(6, &[], 1));
    assert_eq!(ordinals(&plan(&pool(shards, 2))), [[0]]);
}

/// A pool of 5 to 8 pods on nodes of their own, whose shards lie anywhere on the first `on` of them.
fn any_pool() -> impl Strategy<Value = (Pool, u32)> {
    let shards = proptest::collection::vec(
        (
            prop::sample::select(vec![1_u32, 3, 5]),
            any::<prop::sample::Index>(),
            0..5_u32,
        ),
        0..12,
    );
    (5..9_u32, shards).prop_map(|(pods, shards)| {
        let shards = shards
            .into_iter()
            .zip(1..)
            .map(|((factor, at, step), uid)| {
                let first = u32::try_from(at.index(pods as usize)).expect("small");
                // Neighbours on the ring of pods, in one direction or the other.
                let next = |turn: u32| match step % 2 {
                    0 => (first + turn) % pods,
                    _ => (first + pods - turn) % pods,
                };
                placed(uid, &(0..factor).map(next).collect::<Vec<_>>(), factor)
            });
        (pool(shards.collect(), pods), pods)
    })
}

proptest! {
    #[test]
    fn a_quiet_pool_comes_to_rest_balanced_within_one((mut pool, pods) in any_pool()) {
        settle(&mut pool, true);
        let loads = loads(&pool);
        let (least, most) = (loads.iter().min(), loads.iter().max());
        prop_assert!(most.unwrap_or(&0) - least.unwrap_or(&0) <= 1, "{loads:?}");
        prop_assert_eq!(loads.len(), pods as usize);
        prop_assert!(pool.shards.iter().all(Placed::is_settled));
    }

    #[test]
    fn whatever_is_put_a_quiet_pool_comes_to_rest_where_no_copy_is_worth_it(
        (mut pool, _) in any_pool(), puts in proptest::collection::vec(0..3_000_u64, 12),
    ) {
        for (shard, kib) in pool.shards.iter_mut().zip(puts) {
            shard.load = kib << 10;
        }
        settle(&mut pool, true);
        prop_assert!(pool.shards.iter().all(Placed::is_settled));
        let weight = |seat: &Seat| {
            let on = pool.shards.iter().filter(|it| it.replicas.contains(&seat.pod));
            on.map(Placed::weight).sum::<u64>()
        };
        for shard in &pool.shards {
            let (on, off): (Vec<_>, Vec<_>) = pool.seats.iter().partition(|seat| shard.replicas.contains(&seat.pod));
            for (from, to) in on.iter().flat_map(|from| off.iter().map(move |to| (weight(from), weight(to)))) {
                prop_assert!(from < to + shard.weight() + from.div_ceil(8), "{from} {to} {shard:?}");
            }
        }
    }

    #[test]
    fn pods_that_are_to_go_are_emptied_and_nothing_else_is_copied((mut pool, pods) in any_pool(), fewer in 0..4_u32) {
        pool.stay = pods - fewer.min(pods - 5);
        let stay = pool.stay as usize;
        let leaving: usize = loads(&pool)[stay..].iter().sum();
        let copied = settle(&mut pool, false);
        prop_assert_eq!(copied, leaving);
        prop_assert_eq!(loads(&pool)[stay..].iter().sum::<usize>(), 0);
        prop_assert!(pool.shards.iter().all(Placed::is_settled));
    }

    #[test]
    fn one_that_is_gone_is_emptied_of_all_that_has_copies((mut pool, pods) in any_pool(), gone in any::<prop::sample::Index>()) {
        prop_assume!(pods > 5);
        let gone = gone.index(pods as usize);
        pool.seats[gone].presence = Presence::Gone;
        settle(&mut pool, false);
        let name = pool.seats[gone].pod.clone();
        for shard in &pool.shards {
            let holds = shard.replicas.contains(&name);
            prop_assert_eq!(holds, shard.factor == 1 && shard.voters == [name.clone()]);
        }
    }

    #[test]
    fn replicas_are_not_on_one_node_where_there_are_enough((mut pool, pods) in any_pool(), nodes in 3..5_u32) {
        for seat in &mut pool.seats {
            seat.node = Some(format!("node-{}", seat.pod.ordinal() % nodes));
        }
        pool.shards.retain(|shard| shard.factor <= nodes.min(pods));
        settle(&mut pool, true);
        for shard in &pool.shards {
            let nodes: BTreeSet<_> = shard.replicas.iter().map(|pod| pod.ordinal() % nodes).collect();
            prop_assert_eq!(nodes.len(), shard.replicas.len());
        }
    }
}
