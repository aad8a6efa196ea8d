//! A pool as placement sees it: its shards, and the pods that may hold them.

use anabranch_domain::{PodName, ShardUid};

/// How a pod is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It answers.
    Up,
    /// It does not, and may be about to: it is being made, or restarted.
    Away,
    /// It has not answered for long, and its node or its volume is lost.
    Gone,
}

/// A pod that is or could be there. Their place in the list is their ordinal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Its name.
    pub pod: PodName,
    /// The node that it runs on, once it does.
    pub node: Option<String>,
    /// That node's zone, where pods are labelled with it.
    pub zone: Option<String>,
    /// How it is.
    pub presence: Presence,
    /// Whether there may be a log on its disk.
    pub may_hold: bool,
}

/// Who looks after a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its logs are being made: there is nothing in them.
    Forming,
    /// A stream that is served.
    Live,
    /// Nobody: its stream was deleted and left its records, or is on its way to or from that.
    Kept,
}

/// A shard of a pool, and the pods it was placed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Which shard.
    pub shard: ShardUid,
    /// The pods it is wanted on; none: it is to be placed. The first is to lead.
    pub replicas: Vec<PodName>,
    /// How many pods are to hold it.
    pub factor: u32,
    /// The pods that vote, as its leader said last.
    pub voters: Vec<PodName>,
    /// The pod that led, when that was asked last.
    pub leader: Option<PodName>,
    /// Who looks after it.
    pub stage: Stage,
    /// What is put into it, in bytes a second over the last minutes; 0 also where nobody knows.
    pub load: u64,
}

/// So many bytes a second weigh as much as a replica does that nothing is put into: an eighth of what AWS lets into a shard.
const LOAD_UNIT: u64 = 128 * 1024;

impl Placed {
    /// What one of its replicas weighs: one, and more for what is put into it. In whole steps, so that a load which only
    /// wavers moves nothing.
    pub(super) fn weight(&self) -> u64 {
        1 + self.load.saturating_add(LOAD_UNIT / 2) / LOAD_UNIT
    }

    /// As many pods as are to hold it, at least one.
    pub(super) fn copies(&self) -> usize {
        self.factor.max(1) as usize
    }

    /// Whether a majority of its copies is left when one more pod goes. One copy has none to spare and asks for nothing, nor does a
    /// shard that nobody looks after: what is said of its voters is old.
    pub fn can_spare_one(&self) -> bool {
        let copies = self.copies();
        let majority = copies / 2 + 1;
        let is_asked_for = copies > 1 && self.stage == Stage::Live && !self.voters.is_empty();
        !is_asked_for || self.voters.len() > majority
    }

    /// Whether the pods that are wanted are the ones that vote, and as many as they should be.
    pub(super) fn is_settled(&self) -> bool {
        self.replicas.len() == self.copies()
            && self.voters.len() == self.replicas.len()
            && self.replicas.iter().all(|pod| self.voters.contains(pod))
    }
}

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its shards.
    pub shards: Vec<Placed>,
    /// Its pods, by ordinal.
    pub seats: Vec<Seat>,
    /// So many pods are to stay: those with higher ordinals are to hold nothing.
    pub stay: u32,
    /// No pod is to hold more replicas than this.
    pub shards_per_pod: u32,
}

impl Pool {
    /// The place of a pod in the list; none for one that is not of this pool.
    pub(super) fn place(&self, pod: &PodName) -> Option<usize> {
        let place = pod.ordinal() as usize;
        let seat = self.seats.get(place)?;
        (seat.pod == *pod).then_some(place)
    }

    pub(super) fn places(&self, pods: &[PodName]) -> Vec<usize> {
        pods.iter().filter_map(|pod| self.place(pod)).collect()
    }

    pub(super) fn is(&self, pod: &PodName, presence: Presence) -> bool {
        let place = self.place(pod);
        place.is_some_and(|place| self.seats[place].presence == presence)
    }

    /// Whether the pod at this place is to be there for longer.
    pub(super) fn stays(&self, place: usize) -> bool {
        place < self.stay as usize
    }

    /// Replicas that are wanted on a pod that is to go, and on one that is gone.
    pub fn displaced(&self) -> (usize, usize) {
        let wanted = self.shards.iter().flat_map(|shard| &shard.replicas);
        let places: Vec<_> = wanted.filter_map(|pod| self.place(pod)).collect();
        let gone = |place: &&usize| self.seats[**place].presence == Presence::Gone;
        let count = places.iter().filter(gone).count();
        let leaving = places.iter().filter(|place| !self.stays(**place));
        (leaving.filter(|place| !gone(place)).count(), count)
    }

    /// Served shards that are on their way to where they are wanted. New ones, of which nothing was said yet, are not.
    pub fn under_way(&self) -> usize {
        let live = self.shards.iter().filter(|it| it.stage == Stage::Live);
        live.filter(|it| !it.voters.is_empty() && !it.is_settled())
            .count()
    }

    /// Whether nothing is under way and nobody is away: then, and only then, is anything moved that could stay.
    pub(super) fn is_calm(&self) -> bool {
        let wanted: Vec<_> = self
            .shards
            .iter()
            .flat_map(|shard| self.places(&shard.replicas))
            .collect();
        let are_there = self.seats.iter().enumerate().all(|(place, seat)| {
            let is_wanted = wanted.contains(&place);
            match seat.presence {
                Presence::Up => self.stays(place) || !is_wanted,
                Presence::Away => !self.stays(place) && !is_wanted,
                Presence::Gone => !is_wanted,
            }
        });
        are_there
            && self.shards.iter().all(|shard| match shard.stage {
                Stage::Live => shard.is_settled(),
                Stage::Forming => false,
                Stage::Kept => true,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_may_go_while_a_majority_is_left_without_it() {
        let pods = |count: usize| -> Vec<PodName> {
            let name = |ordinal| format!("p-{ordinal}").parse().expect("a pod's name");
            (0..count).map(name).collect()
        };
        for (factor, voters, can) in [
            (1, 1, true),
            (3, 3, true),
            (3, 4, true),
            (3, 2, false),
            (3, 1, false),
            (5, 4, true),
            (5, 3, false),
            (3, 0, true),
        ] {
            let shard = Placed {
                shard: ShardUid::from_bits(1),
                replicas: pods(factor as usize),
                factor,
                voters: pods(voters),
                leader: None,
                stage: Stage::Live,
                load: 0,
            };
            assert_eq!(shard.can_spare_one(), can, "{voters} of {factor}");
            let kept = Placed {
                stage: Stage::Kept,
                ..shard
            };
            assert!(kept.can_spare_one(), "nobody looks after it");
        }
    }
}
