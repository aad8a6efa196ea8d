//! Leaderships spread over the pods, by who is first in a shard's list: nothing is copied for it.

use std::collections::VecDeque;

use super::loads::Loads;
use super::moves::{Cause, Change};
use super::pool::{Pool, Presence, Stage};

/// Other first pods, where one pod leads at least two shards more than another could: along a chain of shards, each of which
/// goes to a pod that has a replica of it.
pub(super) fn leaders(pool: &Pool) -> Vec<Change> {
    let loads = Loads::of(pool);
    let mut places: Vec<usize> = (0..pool.seats.len()).collect();
    places.sort_unstable_by_key(|place| (std::cmp::Reverse(loads.leaders(*place)), *place));
    for from in places {
        let chain = chain(pool, from, |to| {
            loads.leaders(to) + 2 <= loads.leaders(from)
        });
        if let Some(chain) = chain {
            return chain;
        }
    }
    Vec::new()
}

/// The shortest chain of shards that takes one leadership from `from` to a pod that `is_end`.
fn chain(pool: &Pool, from: usize, is_end: impl Fn(usize) -> bool) -> Option<Vec<Change>> {
    let mut came_by: Vec<Option<(usize, usize)>> = vec![None; pool.seats.len()];
    let mut next = VecDeque::from([from]);
    while let Some(at) = next.pop_front() {
        if at != from && is_end(at) {
            let mut changes = Vec::new();
            let mut to = at;
            while let Some((shard, before)) = came_by[to] {
                let mut pods = pool.shards[shard].replicas.clone();
                let place = pods.iter().position(|pod| *pod == pool.seats[to].pod)?;
                pods.swap(0, place);
                changes.push(Change {
                    shard: pool.shards[shard].shard,
                    pods,
                    cause: Cause::Leaders,
                });
                to = before;
            }
            return Some(changes);
        }
        for (index, shard) in pool.shards.iter().enumerate() {
            let places = pool.places(&shard.replicas);
            if shard.stage != Stage::Live || places.first() != Some(&at) {
                continue;
            }
            for to in places {
                let is_up = pool.seats[to].presence == Presence::Up;
                if is_up && to != from && came_by[to].is_none() {
                    came_by[to] = Some((index, at));
                    next.push_back(to);
                }
            }
        }
    }
    None
}
