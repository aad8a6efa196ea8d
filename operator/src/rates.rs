//! How much is put into each shard, in bytes a second over the last minutes: what pods have counted since they started, from
//! one look to the next. Pure.
//!
//! Replicas are placed by it, and a copy costs more than a burst is worth: so it follows slowly. It is kept in memory only.
//! Who leads next knows nothing yet, and does not balance either before pods have been quiet for as long as that takes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anabranch_domain::{PodName, ShardUid};

/// What was put longer ago than this counts for little.
const MEMORY: Duration = Duration::from_mins(5);
/// A shard that is known for less is taken to have been known for so long, at rest before.
const LEAST: Duration = Duration::from_mins(1);

/// How much is put into each shard.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// What each pod had counted of a shard when it was asked last. Whoever leads a shard counts.
    counted: HashMap<(PodName, ShardUid), u64>,
    shards: HashMap<ShardUid, Average>,
    asked: Option<Instant>,
}

/// Bytes, and the time in which they were put, both fading alike.
#[derive(Debug, Default)]
struct Average {
    bytes: f64,
    seconds: f64,
}

impl Rates {
    /// How long ago pods were asked; nothing where they never were.
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        Some(now.saturating_duration_since(self.asked?))
    }

    /// Takes in what pods that answered have counted since they started, shard by shard. One that does not answer says
    /// later what came meanwhile; one that was started again counts from nothing.
    pub(crate) fn take(&mut self, answers: &[(PodName, Vec<(ShardUid, u64)>)], now: Instant) {
        let past = self.age(now).unwrap_or_default().as_secs_f64();
        self.asked = Some(now);
        let fade = (-past / MEMORY.as_secs_f64()).exp();
        for average in self.shards.values_mut() {
            average.bytes *= fade;
            average.seconds = average.seconds * fade + past;
        }
        for (pod, counts) in answers {
            for (shard, count) in counts {
                let before = self.counted.insert((pod.clone(), *shard), *count);
                let average = self.shards.entry(*shard).or_default();
                // Of what was counted before the first look nobody knows in which time it came.
                let Some(before) = before else { continue };
                let more = count.checked_sub(before).unwrap_or(*count);
                #[allow(clippy::cast_precision_loss)]
                // To the nearest of 2^53 bytes is near enough.
                let more = more as f64;
                average.bytes += more;
            }
        }
        // Nothing was put for so long that it does not matter whether the shard is there.
        self.shards
            .retain(|_, average| average.bytes >= 1.0 || average.seconds < LEAST.as_secs_f64());
        self.counted
            .retain(|(_, shard), _| self.shards.contains_key(shard));
    }

    /// What is put into a shard, in bytes a second; 0 also where that is not known.
    pub(crate) fn of(&self, shard: ShardUid) -> u64 {
        let Some(average) = self.shards.get(&shard) else {
            return 0;
        };
        let rate = average.bytes / average.seconds.max(LEAST.as_secs_f64());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // Never negative; what is too much is the most.
        let rate = rate as u64;
        rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn pod(ordinal: u32) -> PodName {
        format!("p-{ordinal}").parse().expect("a pod's name")
    }

    fn shard(uid: u128) -> ShardUid {
        ShardUid::from_bits(uid)
    }

    /// Pods that are asked every ten seconds, and what each has counted of shard 1 then; nothing: it does not answer.
    fn after(looks: impl IntoIterator<Item = [Option<u64>; 2]>) -> Rates {
        let mut rates = Rates::default();
        let begun = Instant::now();
        for (turn, look) in (0_u32..).zip(looks) {
            let answers = look.iter().zip(0..);
            let answers = answers
                .filter_map(|(count, ordinal)| Some((pod(ordinal), vec![(shard(1), (*count)?)])));
            let answers: Vec<_> = answers.collect();
            rates.take(&answers, begun + Duration::from_secs(10) * turn);
        }
        rates
    }

    fn mib(rates: &Rates) -> u64 {
        (rates.of(shard(1)) + MIB / 2) / MIB
    }

    #[test]
    fn a_steady_load_is_known_after_a_minute_and_forgotten_after_some() {
        let steady = |turn: u64| [Some(turn * 80 * MIB), None];
        assert_eq!(mib(&after((0..1).map(steady))), 0, "in which time?");
        assert_eq!(mib(&after((0..4).map(steady))), 4, "half a minute of it");
        assert_eq!(mib(&after((0..9).map(steady))), 8);
        assert_eq!(mib(&after((0..700).map(steady))), 8);
        let ended = |turn: u64| [Some(turn.min(60) * 80 * MIB), None];
        assert_eq!(mib(&after((0..80).map(ended))), 4, "three minutes later");
        assert_eq!(mib(&after((0..250).map(ended))), 0, "half an hour later");
        let gone = |turn: u64| [Some(turn * 80 * MIB).filter(|_| turn < 60), None];
        let gone = after((0..2_000).map(gone));
        assert_eq!((gone.shards.len(), gone.counted.len()), (0, 0));
    }

    #[test]
    fn it_does_not_matter_who_leads_who_is_away_and_who_was_started_again() {
        let handed_over = |turn: u64| {
            let second = turn.saturating_sub(30) * 80 * MIB;
            [Some(turn.min(30) * 80 * MIB), Some(second)]
        };
        assert_eq!(mib(&after((0..60).map(handed_over))), 8);
        let away = |turn: u64| {
            [
                Some(turn * 80 * MIB).filter(|_| !(40..50).contains(&turn)),
                None,
            ]
        };
        assert_eq!(mib(&after((0..60).map(away))), 8);
        let again = |turn: u64| [Some(turn % 30 * 80 * MIB), None];
        assert_eq!(mib(&after((0..60).map(again))), 8);
    }

    #[test]
    fn what_was_put_before_anybody_looked_is_no_load() {
        assert_eq!(mib(&after((0..9).map(|_| [Some(1 << 50), None]))), 0);
    }
}
