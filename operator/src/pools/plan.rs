//! What a pool is to be: how many pods, where its new shards go, and what moves. Pure.

use anabranch_domain::{PodName, ShardUid};

use super::observe::Observed;
use crate::placement::{self, Bounds, Cause, Pool, Presence, Seat};

/// What is to be done for a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) pods: u32,
    pub(super) placements: Vec<(ShardUid, Vec<PodName>)>,
    /// Shards that too few pods have room for.
    pub(super) without_room: usize,
    /// How many more replicas there is room for.
    pub(super) room: u32,
    pub(super) moves: Moves,
}

/// What moves in a pool, for people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Moves {
    /// Changes that are begun now, with why.
    pub(super) causes: Vec<Cause>,
    /// Replicas on pods that are to go, and the pods that wait for them, or for others, to be gone.
    pub(super) leaving: usize,
    pub(super) waiting: Vec<PodName>,
    /// Replicas that are on their way for another reason.
    pub(super) under_way: usize,
    /// Replicas on pods that are gone for good.
    pub(super) lost: usize,
    /// Pods that are gone for good, with why.
    pub(super) gone: Vec<(PodName, &'static str)>,
}

/// How many pods there are, of the last wish.
pub(super) fn running(observed: &Observed) -> u32 {
    let running = observed.set.as_ref().and_then(|set| set.spec.replicas);
    running.map_or(0, |replicas| u32::try_from(replicas).unwrap_or(0))
}

/// How many pods are looked at: those that there are, that could be needed, or that something is wanted on.
pub(super) fn looked_at(observed: &Observed) -> u32 {
    let running = running(observed);
    let (_, pods) = placement::size(&observed.shards, &[], bounds(observed), running);
    // As many again may be needed in the stead of those that are gone.
    pods.saturating_mul(2).max(running)
}

fn bounds(observed: &Observed) -> Bounds {
    let (least, most) = observed.pool.spec.bounds();
    Bounds {
        least,
        most,
        shards_per_pod: observed.pool.spec.pods.shards_per_pod,
    }
}

/// How many more replicas the pods may hold. While one that should be there is not, as where no node has room for it, only those that
/// are count; otherwise as many as there may be.
fn room(pool: &Pool, bounds: Bounds, running: u32) -> u32 {
    let should_be = pool.seats.iter().take(running as usize);
    let up = should_be
        .filter(|seat| seat.presence == Presence::Up)
        .count();
    let up = u32::try_from(up).unwrap_or(u32::MAX);
    let pods = if up < running {
        up
    } else {
        bounds.most.max(running)
    };
    let copies = pool.shards.iter().map(|shard| shard.factor);
    let taken = copies.fold(0, u32::saturating_add);
    pods.saturating_mul(bounds.shards_per_pod)
        .saturating_sub(taken)
}

/// `is_quiet` says that no pod has come or gone for a while.
pub(super) fn plan(
    observed: &Observed,
    seats: Vec<Seat>,
    gone: Vec<(PodName, &'static str)>,
    is_quiet: bool,
) -> Plan {
    let bounds = bounds(observed);
    let running = running(observed);
    let (stay, pods) = placement::size(&observed.shards, &seats, bounds, running);
    let pool = Pool {
        shards: observed.shards.clone(),
        seats,
        stay,
        shards_per_pod: bounds.shards_per_pod,
    };
    let placements = placement::plan(&pool);
    let unplaced = pool.shards.iter().filter(|it| it.replicas.is_empty());
    let without_room = unplaced.count() - placements.len();
    let adjusted = placement::adjust(&pool);
    let changes = if placements.is_empty() && adjusted.is_empty() {
        placement::moves(&pool, is_quiet)
    } else {
        // One thing after the other.
        Vec::new()
    };
    let (leaving, lost) = pool.displaced();
    let causes = changes.iter().map(|change| change.cause).collect();
    let moved = changes
        .into_iter()
        .map(|change| (change.shard, change.pods));
    let waits = |seat: &&Seat| {
        let ordinal = seat.pod.ordinal();
        (stay..pods.min(running)).contains(&ordinal) && seat.presence != Presence::Gone
    };
    Plan {
        pods,
        without_room,
        room: room(&pool, bounds, running),
        moves: Moves {
            causes,
            leaving,
            waiting: pool
                .seats
                .iter()
                .filter(waits)
                .map(|it| it.pod.clone())
                .collect(),
            under_way: pool.under_way(),
            lost,
            gone,
        },
        placements: placements
            .into_iter()
            .chain(adjusted)
            .chain(moved)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use anabranch_domain::PodName;

    use super::*;
    use crate::placement::{Placed, Stage};

    fn pool(up: u32, pods: u32, factors: &[u32]) -> Pool {
        let seat = |ordinal| Seat {
            pod: format!("pool-{ordinal}")
                .parse::<PodName>()
                .expect("a pod's name"),
            node: None,
            zone: None,
            presence: if ordinal < up {
                Presence::Up
            } else {
                Presence::Away
            },
            may_hold: true,
        };
        let shard = |(place, factor): (usize, &u32)| Placed {
            shard: ShardUid::from_bits(place as u128),
            factor: *factor,
            stage: Stage::Live,
            replicas: Vec::new(),
            voters: Vec::new(),
            leader: None,
            load: 0,
        };
        Pool {
            shards: factors.iter().enumerate().map(shard).collect(),
            seats: (0..pods).map(seat).collect(),
            stay: pods,
            shards_per_pod: 10,
        }
    }

    #[test]
    fn there_is_room_on_pods_that_may_come_unless_one_does_not() {
        for (up, running, most, factors, expected) in [
            (2, 2, 4, &[1, 1][..], 38),
            (2, 2, 2, &[3, 3], 14),
            // Where the third pod finds no node, a fourth would not either.
            (2, 3, 4, &[1], 19),
            (0, 1, 4, &[], 0),
            (1, 1, 1, &[5, 5, 5], 0),
            // More pods than there may be, since they still hold something.
            (3, 3, 1, &[1], 29),
        ] {
            let bounds = Bounds {
                least: 1,
                most,
                shards_per_pod: 10,
            };
            let pool = pool(up, running, factors);
            assert_eq!(
                room(&pool, bounds, running),
                expected,
                "{up} of {running} pods up, at most {most}"
            );
        }
    }
}
