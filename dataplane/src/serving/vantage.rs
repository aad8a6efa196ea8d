//! From which replica one subscription is read, and when it is left for another. Pure: the time is an argument.
//!
//! The consumers of a shard take its replicas in turn, each shard beginning with another one: so fan-out is spread evenly without anybody counting,
//! over any number of gateways.
//! **Invariant:** a replica that does not move while the leader does keeps a consumer for two looks at most: at each, it must have all that the leader had at the
//! one before. Any replica shows what is committed only, and a position means the same on all of them, so a change of replicas
//! skips nothing and repeats nothing.

use std::collections::VecDeque;
use std::time::Duration;

use anabranch_domain::PodName;
use anabranch_domain::catalog::{Consumer, FanOutSource, Shard, Stream};
use tokio::time::Instant;

/// Between two looks at how far the leader is.
const LOOK: Duration = Duration::from_secs(3);

/// The replica that one subscription is read from.
#[derive(Debug, Clone)]
pub struct Vantage {
    /// Those that were not left yet, the one that is read from first. None left: whoever leads.
    pods: VecDeque<PodName>,
    /// The index after the last entry that the leader had at the last look.
    promised_end: u64,
    look_at: Instant,
}

impl Vantage {
    /// Where `consumer` reads `shard` from, whose log went up to `promised_end` as the leader said.
    pub fn of(
        stream: &Stream,
        consumer: &Consumer,
        shard: &Shard,
        promised_end: u64,
        now: Instant,
    ) -> Self {
        match stream.fan_out_source {
            FanOutSource::Leader => Self::among(&[], 0, promised_end, now),
            FanOutSource::AnyReplica => {
                let mut names = stream.consumers.keys();
                let place = names.position(|name| *name == consumer.name).unwrap_or(0);
                let index = usize::try_from(shard.id.index()).unwrap_or(0);
                let turn = place.wrapping_add(index);
                Self::among(&shard.replicas, turn, promised_end, now)
            }
        }
    }

    /// At the one of `replicas` whose `turn` it is; where there is none, at whoever leads.
    pub(super) fn among(
        replicas: &[PodName],
        turn: usize,
        promised_end: u64,
        now: Instant,
    ) -> Self {
        Self {
            pods: in_turn(replicas, turn),
            promised_end,
            look_at: now + LOOK,
        }
    }

    /// The replica; none: whoever leads.
    pub(super) fn pod(&self) -> Option<&PodName> {
        self.pods.front()
    }

    /// When the leader is to be asked again how far it is; never, where it is read from itself.
    pub(super) fn look_at(&self) -> Option<Instant> {
        self.pod().map(|_| self.look_at)
    }

    /// The replica has entries up to `end`, and the leader, if it answered, up to `leader_end`. Says whether it fell back: then it is left.
    pub(super) fn looked(&mut self, end: u64, leader_end: Option<u64>, now: Instant) -> bool {
        self.look_at = now + LOOK;
        let fell_back = end < self.promised_end;
        self.promised_end = self.promised_end.max(leader_end.unwrap_or(0));
        // Nobody says that there is more where nobody leads: then it is as good as any.
        if fell_back && leader_end.is_some() {
            self.leave();
            return true;
        }
        false
    }

    /// On to the next replica.
    pub(super) fn leave(&mut self) {
        self.pods.pop_front();
    }
}

/// `replicas`, beginning with the one whose turn it is.
fn in_turn(replicas: &[PodName], turn: usize) -> VecDeque<PodName> {
    let mut pods: VecDeque<PodName> = replicas.iter().cloned().collect();
    if !pods.is_empty() {
        pods.rotate_left(turn % replicas.len());
    }
    pods
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(ordinals: &[usize]) -> Vec<PodName> {
        let name = |ordinal| format!("p-{ordinal}").parse().expect("a pod's name");
        ordinals.iter().map(name).collect()
    }

    fn at(ordinals: &[usize], promised_end: u64, now: Instant) -> Vantage {
        Vantage::among(&pods(ordinals), 0, promised_end, now)
    }

    #[test]
    fn consumers_take_the_replicas_of_a_shard_in_turn() {
        for (replicas, turn, order) in [
            (&[4, 7, 9][..], 0, &[4, 7, 9][..]),
            (&[4, 7, 9], 1, &[7, 9, 4]),
            (&[4, 7, 9], 2, &[9, 4, 7]),
            (&[4, 7, 9], 3, &[4, 7, 9]),
            (&[4, 7, 9], usize::MAX, &[4, 7, 9]),
            (&[4], 5, &[4]),
            (&[], 5, &[]),
        ] {
            let replicas = pods(replicas);
            assert_eq!(in_turn(&replicas, turn), pods(order), "{turn}");
        }
    }

    #[test]
    fn twenty_consumers_are_spread_over_three_replicas_as_evenly_as_can_be() {
        let replicas = pods(&[0, 1, 2]);
        let mut counts = [0; 3];
        for consumer in 0..20 {
            let first = in_turn(&replicas, 11 + consumer).pop_front();
            let place = replicas.iter().position(|pod| Some(pod) == first.as_ref());
            counts[place.expect("one of them")] += 1;
        }
        counts.sort_unstable();
        assert_eq!(counts, [6, 7, 7]);
    }

    #[test]
    fn a_replica_must_have_at_each_look_what_the_leader_had_at_the_one_before() {
        let now = Instant::now();
        let mut vantage = at(&[0, 1], 10, now);
        assert!(!vantage.looked(10, Some(50), now));
        assert!(!vantage.looked(50, Some(90), now), "far behind, and moving");
        assert!(!vantage.looked(93, None, now), "nobody leads");
        assert!(!vantage.looked(93, Some(120), now));
        assert!(vantage.looked(119, Some(120), now));
        assert_eq!(vantage.pod(), pods(&[1]).first());
        vantage.leave();
        assert_eq!((vantage.pod(), vantage.look_at()), (None, None));
    }

    #[test]
    fn without_a_leader_nobody_is_left_for_being_behind() {
        let now = Instant::now();
        let mut vantage = at(&[0, 1], 10, now);
        assert!(!vantage.looked(5, None, now));
        assert!(vantage.looked(5, Some(10), now));
    }
}
