//! Replicas that move from one pod to another, and why.
//!
//! **Invariants.** A pod is let go only when the ones that stay all vote and answer and one of them leads; or when it is gone
//! for good, and the ones that answer are a majority of those who vote. What could stay where it is moves only while every
//! pod answers and every shard is as it should be, one at a time, and only if the pool is better for it: so it ends.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use anabranch_domain::{PodName, ShardUid};

use super::leaders::leaders;
use super::loads::Loads;
use super::pool::{Placed, Pool, Presence, Seat, Stage};

/// Shards of a pool that are under way at a time. One pod gets one at a time.
const AT_ONCE: usize = 4;

/// Why a shard's pods change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// One of them is gone for good.
    Replace,
    /// One of them is to go.
    Drain,
    /// A pod holds less than another, or two of them are on a node or in a zone.
    Balance,
    /// One pod leads more than another: nothing is copied.
    Leaders,
    /// What was begun goes on.
    Finish,
}

/// Where a shard is wanted from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which shard.
    pub shard: ShardUid,
    /// Its pods, the one that is to lead first.
    pub pods: Vec<PodName>,
    /// Why.
    pub cause: Cause,
}

/// What is to move now. `is_steady` says that no pod has come or gone for a while.
pub fn moves(pool: &Pool, is_steady: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut traffic = Traffic::of(pool);
    let placed = || pool.shards.iter().filter(|it| !it.replicas.is_empty());
    for shard in placed().filter(|it| it.stage != Stage::Kept) {
        let change = if shard.replicas.len() > shard.copies() {
            narrow(pool, &traffic.loads, shard)
        } else {
            replace(pool, &mut traffic, shard)
        };
        changes.extend(change);
    }
    for shard in placed().filter(|it| it.stage == Stage::Live && it.is_settled()) {
        changes.extend(drain(pool, &mut traffic, shard));
    }
    if changes.is_empty() && is_steady && pool.is_calm() {
        changes.extend(balance(pool, &traffic.loads));
        if changes.is_empty() {
            changes = leaders(pool);
        }
    }
    changes
}

/// What is under way.
struct Traffic<'a> {
    loads: Loads<'a>,
    under_way: usize,
    /// Pods that are being sent something.
    receiving: BTreeSet<usize>,
}

impl<'a> Traffic<'a> {
    fn of(pool: &'a Pool) -> Self {
        let live = pool.shards.iter().filter(|it| it.stage == Stage::Live);
        let unsettled = live.filter(|it| !it.replicas.is_empty() && !it.is_settled());
        let unsettled: Vec<_> = unsettled.collect();
        let receiving = unsettled.iter().flat_map(|shard| {
            let awaited = shard.replicas.iter();
            let awaited = awaited.filter(|pod| !shard.voters.contains(pod));
            awaited.filter_map(|pod| pool.place(pod))
        });
        Self {
            loads: Loads::of(pool),
            under_way: unsettled.len(),
            receiving: receiving.collect(),
        }
    }

    /// A pod for one more replica of a shard on `on`, now.
    fn target(&mut self, shard: &Placed, on: &[usize]) -> Option<usize> {
        let is_free = |seat: &Seat| {
            let place = seat.pod.ordinal() as usize;
            seat.presence == Presence::Up && !self.receiving.contains(&place)
        };
        let target = self.loads.best(on, is_free)?;
        self.loads.add(target, shard, false);
        self.receiving.insert(target);
        Some(target)
    }
}

/// A shard on more pods than it is to be lets go of some: of those that are gone or to go first, then of those that are too
/// close to others, then of those with the most on them.
fn narrow(pool: &Pool, loads: &Loads<'_>, shard: &Placed) -> Option<Change> {
    let mut kept = pool.places(&shard.replicas);
    let leader = shard.leader.as_ref().and_then(|pod| pool.place(pod));
    let mut victims = Vec::new();
    while kept.len() > shard.copies() {
        let victim = (0..kept.len()).max_by_key(|&turn| {
            let place = kept[turn];
            let rest: Vec<_> = kept.iter().copied().filter(|it| *it != place).collect();
            (
                pool.seats[place].presence == Presence::Gone,
                !pool.stays(place),
                Reverse(loads.closeness(&rest)),
                loads.weight(place),
                loads.replicas(place),
                leader != Some(place),
                turn,
            )
        })?;
        victims.push(kept.remove(victim));
    }
    let pods = |places: &[usize]| {
        let pods = places.iter().map(|place| pool.seats[*place].pod.clone());
        pods.collect::<Vec<_>>()
    };
    let change = |pods| {
        Some(Change {
            shard: shard.shard,
            pods,
            cause: Cause::Finish,
        })
    };
    let stay = pods(&kept);
    let presence = |place: &usize| pool.seats[*place].presence;
    if victims.iter().all(|it| presence(it) == Presence::Gone) {
        return change(stay).filter(|it| has_majority(pool, shard, &it.pods));
    }
    let is_ready = kept.iter().all(|it| presence(it) == Presence::Up)
        && stay.iter().all(|pod| shard.voters.contains(pod));
    let leader = leader.filter(|_| is_ready)?;
    if kept.contains(&leader) || presence(&leader) == Presence::Gone {
        return change(stay);
    }
    // First somebody who stays leads.
    let all: Vec<_> = kept.iter().chain(&victims).copied().collect();
    change(pods(&all)).filter(|it| it.pods != shard.replicas)
}

/// Whether those of `pods` that answer are a majority of those who vote.
fn has_majority(pool: &Pool, shard: &Placed, pods: &[PodName]) -> bool {
    let voting = pods
        .iter()
        .filter(|pod| shard.voters.contains(pod) && pool.is(pod, Presence::Up));
    voting.count() * 2 > shard.voters.len()
}

/// Other pods for those that are gone: for all of them, or the shard could not go on. One whose logs are still to be made
/// has nothing to lose.
fn replace(pool: &Pool, traffic: &mut Traffic<'_>, shard: &Placed) -> Option<Change> {
    let is_gone = |pod: &&PodName| pool.is(pod, Presence::Gone);
    let (gone, stay): (Vec<_>, Vec<_>) = shard.replicas.iter().partition(|pod| is_gone(pod));
    let is_safe = shard.stage == Stage::Forming || has_majority(pool, shard, &shard.replicas);
    if gone.is_empty() || !is_safe {
        return None;
    }
    let mut pods: Vec<PodName> = stay.into_iter().cloned().collect();
    let mut on = pool.places(&shard.replicas);
    for _ in &gone {
        let target = traffic.target(shard, &on)?;
        on.push(target);
        pods.push(pool.seats[target].pod.clone());
    }
    traffic.under_way += 1;
    Some(Change {
        shard: shard.shard,
        pods,
        cause: Cause::Replace,
    })
}

/// One more pod for a shard on one that is to go.
fn drain(pool: &Pool, traffic: &mut Traffic<'_>, shard: &Placed) -> Option<Change> {
    let on = pool.places(&shard.replicas);
    let leaves = on.iter().any(|place| !pool.stays(*place));
    let are_up = shard.replicas.iter().all(|pod| pool.is(pod, Presence::Up));
    if !leaves || !are_up || traffic.under_way >= AT_ONCE {
        return None;
    }
    let stay: Vec<_> = on.iter().copied().filter(|it| pool.stays(*it)).collect();
    // Apart from those that stay: where the one that leaves is does not matter.
    let target = traffic.target(shard, &stay)?;
    traffic.under_way += 1;
    Some(with(pool, shard, target, Cause::Drain))
}

fn with(pool: &Pool, shard: &Placed, target: usize, cause: Cause) -> Change {
    let mut pods = shard.replicas.clone();
    pods.push(pool.seats[target].pod.clone());
    Change {
        shard: shard.shard,
        pods,
        cause,
    }
}

/// The one move after which the pool is better: replicas further apart, or, as far apart, the pods more alike in what weighs
/// on them. Each move makes the sum of the squares of these weights smaller, so that it ends. Where both hold as many
/// replicas, and only what is put into them differs, that must be worth the copy: an eighth of what is on the pod.
fn balance(pool: &Pool, loads: &Loads<'_>) -> Option<Change> {
    let mut best = None;
    for shard in pool.shards.iter().filter(|it| it.stage == Stage::Live) {
        let on = pool.places(&shard.replicas);
        let before = loads.closeness(&on);
        let weight = shard.weight();
        for from in &on {
            let stay: Vec<_> = on.iter().copied().filter(|it| it != from).collect();
            let is_free = |seat: &Seat| {
                seat.presence == Presence::Up && !on.contains(&(seat.pod.ordinal() as usize))
            };
            let Some(to) = loads.best(&stay, is_free) else {
                continue;
            };
            let moved: Vec<_> = stay.iter().copied().chain([to]).collect();
            let after = loads.closeness(&moved);
            let gain = loads.weight(*from).saturating_sub(loads.weight(to));
            let relief = gain.saturating_sub(weight);
            let is_fewer = loads.replicas(*from) >= loads.replicas(to) + 2;
            let is_worth_it = is_fewer || relief >= loads.weight(*from).div_ceil(8);
            let is_better = after < before || (after == before && relief > 0 && is_worth_it);
            let rank = (
                before.0.saturating_sub(after.0),
                before.1.saturating_sub(after.1),
                weight.saturating_mul(relief),
                loads.weight(*from),
            );
            if is_better && best.as_ref().is_none_or(|(known, _)| rank > *known) {
                best = Some((rank, with(pool, shard, to, Cause::Balance)));
            }
        }
    }
    best.map(|(_, change)| change)
}
