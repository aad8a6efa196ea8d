//! What each pod holds, what that weighs, and which pod a replica goes to best.

use super::pool::{Placed, Pool, Seat};

/// What the pods of a pool hold, by place.
#[derive(Debug)]
pub(super) struct Loads<'a> {
    pool: &'a Pool,
    replicas: Vec<u32>,
    weights: Vec<u64>,
    leaders: Vec<u32>,
}

impl<'a> Loads<'a> {
    pub(super) fn of(pool: &'a Pool) -> Self {
        let mut loads = Self {
            pool,
            replicas: vec![0; pool.seats.len()],
            weights: vec![0; pool.seats.len()],
            leaders: vec![0; pool.seats.len()],
        };
        for shard in &pool.shards {
            for (turn, pod) in shard.replicas.iter().enumerate() {
                if let Some(place) = pool.place(pod) {
                    loads.add(place, shard, turn == 0);
                }
            }
        }
        loads
    }

    pub(super) fn add(&mut self, place: usize, shard: &Placed, leads: bool) {
        self.replicas[place] += 1;
        self.weights[place] = self.weights[place].saturating_add(shard.weight());
        self.leaders[place] += u32::from(leads);
    }

    pub(super) fn replicas(&self, place: usize) -> u32 {
        self.replicas[place]
    }

    /// What the replicas on it weigh.
    pub(super) fn weight(&self, place: usize) -> u64 {
        self.weights[place]
    }

    pub(super) fn leaders(&self, place: usize) -> u32 {
        self.leaders[place]
    }

    /// Whether it may take another replica.
    pub(super) fn has_room(&self, place: usize) -> bool {
        self.pool.stays(place) && self.replicas[place] < self.pool.shards_per_pod
    }

    /// The pod that a shard which is on `on` goes to next: where it is apart from them, and then the one with the least on it.
    pub(super) fn best(&self, on: &[usize], may: impl Fn(&Seat) -> bool) -> Option<usize> {
        let free = self
            .pool
            .seats
            .iter()
            .enumerate()
            .filter(|(place, seat)| !on.contains(place) && self.has_room(*place) && may(seat));
        let places = free.map(|(place, _)| place);
        places.min_by_key(|place| {
            let with: Vec<_> = on.iter().copied().chain([*place]).collect();
            (
                self.closeness(&with),
                self.weights[*place],
                self.replicas[*place],
                *place,
            )
        })
    }

    /// How many pairs of these pods share a node, and how many a zone. A node that is not known is another one.
    pub(super) fn closeness(&self, on: &[usize]) -> (usize, usize) {
        let pairs = |key: fn(&Seat) -> Option<&String>| {
            let keys: Vec<_> = on.iter().map(|it| key(&self.pool.seats[*it])).collect();
            let pairs = keys.iter().enumerate();
            pairs
                .map(|(at, one)| {
                    let others = keys[..at].iter();
                    others.filter(|it| one.is_some() && *it == one).count()
                })
                .sum()
        };
        (
            pairs(|seat| seat.node.as_ref()),
            pairs(|seat| seat.zone.as_ref()),
        )
    }
}
