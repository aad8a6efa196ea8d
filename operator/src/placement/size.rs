//! How many pods a pool needs.

use super::pool::{Placed, Presence, Seat};

/// What limits the number of a pool's pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Never fewer.
    pub least: u32,
    /// Never more, unless they hold something.
    pub most: u32,
    /// How many replicas one may hold.
    pub shards_per_pod: u32,
}

/// How many pods are to stay, and how many there have to be for now: never fewer than up to the last that holds a replica, or
/// may. There is a pod for each replica of any shard, and another one for each that is gone. `running` is how many there are:
/// fewer are enough only when what there is would fill four fifths of them, so that a shard that comes and goes takes no
/// pod with it.
pub fn size(shards: &[Placed], seats: &[Seat], bounds: Bounds, running: u32) -> (u32, u32) {
    let copies = shards.iter().map(|shard| shard.factor);
    let count = copies.clone().fold(0, u32::saturating_add);
    let per_pod = bounds.shards_per_pod.max(1);
    let apart = copies.max().unwrap_or(0);
    let at_ease = count.saturating_mul(5).div_ceil(4).div_ceil(per_pod);
    let number = count.div_ceil(per_pod).max(running.min(at_ease)).max(apart);
    let number = number.clamp(bounds.least, bounds.most.max(bounds.least));
    let count = |is: fn(Presence) -> bool| {
        let first = seats.iter().take(number as usize);
        let count = first.filter(|seat| is(seat.presence)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let in_stead = number.saturating_add(count(|it| it == Presence::Gone));
    let in_stead = in_stead.min(bounds.most.max(number));
    // Those that there are do not go while others are not there.
    let there = number.saturating_add(count(|it| it != Presence::Up));
    let stay = in_stead.max(there.min(running));
    let wanted = shards
        .iter()
        .flat_map(|shard| shard.replicas.iter().chain(&shard.voters));
    let last_wanted = wanted.map(|pod| pod.ordinal() + 1).max().unwrap_or(0);
    let holds = seats.iter().rposition(|seat| seat.may_hold);
    let last_held = holds.map_or(0, |place| u32::try_from(place + 1).unwrap_or(u32::MAX));
    (stay, stay.max(last_wanted).max(last_held.min(running)))
}

#[cfg(test)]
mod tests {
    use super::super::moves_test::{placed, seats};
    use super::*;

    const TEN: Bounds = Bounds {
        least: 1,
        most: 10,
        shards_per_pod: 100,
    };

    #[test]
    fn pods_follow_the_number_of_shards_within_the_bounds() {
        for (count, shards_per_pod, least, most, wanted) in [
            (0, 100, 1, 10, 1),
            (100, 100, 1, 10, 1),
            (101, 100, 1, 10, 2),
            (5000, 100, 1, 10, 10),
            (4, 2, 3, 3, 3),
            (0, 100, 0, 0, 0),
        ] {
            let unplaced = vec![placed(1, &[], 1); count];
            let bounds = Bounds {
                least,
                most,
                shards_per_pod,
            };
            assert_eq!(size(&unplaced, &[], bounds, 0), (wanted, wanted), "{count}");
        }
    }

    #[test]
    fn no_pod_is_to_go_while_another_is_away() {
        let three = [placed(1, &[0, 1, 2], 3)];
        let mut there = seats(5);
        assert_eq!(size(&three, &there, TEN, 5).0, 3);
        there[1].presence = Presence::Away;
        assert_eq!(size(&three, &there, TEN, 5).0, 4);
        assert_eq!(size(&three, &there, TEN, 3).0, 3);
    }

    #[test]
    fn there_is_a_pod_for_each_replica() {
        let three = [placed(1, &[], 3)];
        assert_eq!(size(&three, &[], TEN, 0), (3, 3));
        let two = Bounds { most: 2, ..TEN };
        assert_eq!(size(&three, &[], two, 0), (2, 2), "and no more than may be");
    }

    #[test]
    fn a_pod_that_holds_something_is_not_taken_away() {
        let on_the_fifth = [placed(1, &[4], 1)];
        assert_eq!(size(&on_the_fifth, &seats(5), TEN, 5), (1, 5));
        let mut voted = placed(1, &[0], 1);
        voted.voters = placed(1, &[0, 2], 1).replicas;
        assert_eq!(size(&[voted], &seats(5), TEN, 5), (1, 3), "it votes still");
        let mut held = seats(5);
        held[3].may_hold = true;
        assert_eq!(size(&[placed(1, &[0], 1)], &held, TEN, 5), (1, 4), "a log");
    }

    #[test]
    fn a_few_shards_less_take_no_pod_away() {
        let shards = |count: usize| vec![placed(1, &[], 1); count];
        assert_eq!(size(&shards(101), &seats(1), TEN, 1).0, 2);
        assert_eq!(size(&shards(99), &seats(2), TEN, 2).0, 2);
        assert_eq!(size(&shards(81), &seats(2), TEN, 2).0, 2);
        assert_eq!(size(&shards(80), &seats(2), TEN, 2).0, 1);
    }

    #[test]
    fn one_that_is_gone_has_another_in_its_stead_and_that_one_no_other() {
        let three = [placed(1, &[0, 1, 2], 3)];
        let mut there = seats(4);
        there[1].presence = Presence::Gone;
        there[3].presence = Presence::Gone;
        assert_eq!(size(&three, &there, TEN, 4), (4, 4));
        let fixed = Bounds {
            least: 3,
            most: 3,
            ..TEN
        };
        assert_eq!(size(&three, &there, fixed, 3), (3, 3));
    }
}
