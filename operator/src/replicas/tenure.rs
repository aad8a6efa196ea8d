//! Which pods a leadership may go to: those that have answered for a while, one shard at a time, and no shard again and again.
//! Pure.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use anabranch::serving::Disk;
use anabranch_domain::{PodName, ShardUid};

/// A shard that was handed over is not handed over again before so many times the time that a pod has to have answered.
const REST: u32 = 3;

/// Since when pods answer. Kept in memory: whoever leads next begins to count anew.
#[derive(Debug)]
pub(super) struct Tenure {
    lead_after: Duration,
    since: BTreeMap<PodName, (u64, Instant)>,
    handed: HashMap<ShardUid, Instant>,
    now: Instant,
    was_turn_taken: bool,
}

impl Tenure {
    pub(super) fn new(lead_after: Duration) -> Self {
        Self {
            lead_after,
            since: BTreeMap::new(),
            handed: HashMap::new(),
            now: Instant::now(),
            was_turn_taken: false,
        }
    }

    /// These answer now.
    pub(super) fn begin(&mut self, disks: &BTreeMap<PodName, Disk>, now: Instant) {
        self.now = now;
        self.was_turn_taken = false;
        self.since
            .retain(|pod, (node, _)| disks.get(pod).is_some_and(|disk| disk.node == *node));
        for (pod, disk) in disks {
            let since = self.since.entry(pod.clone());
            since.or_insert((disk.node, now));
        }
        let rest = self.lead_after * REST;
        self.handed
            .retain(|_, at| now.saturating_duration_since(*at) < rest);
    }

    /// Whether `pod` may come to lead the shard.
    pub(super) fn may_lead(&self, shard: ShardUid, pod: &PodName) -> bool {
        let since = self.since.get(pod).map(|(_, since)| *since);
        let has_stayed =
            since.is_some_and(|since| self.now.saturating_duration_since(since) >= self.lead_after);
        has_stayed && !self.handed.contains_key(&shard)
    }

    /// Whether the shard is handed over now: one is in each round.
    pub(super) fn take_turn(&mut self, shard: ShardUid, now: Instant) -> bool {
        if self.was_turn_taken {
            return false;
        }
        self.was_turn_taken = true;
        self.handed.insert(shard, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn a_pod_leads_when_it_has_answered_for_long_and_a_shard_is_not_handed_to_and_fro() {
        let (one, two) = (ShardUid::from_bits(1), ShardUid::from_bits(2));
        let pod: PodName = "p-0".parse().expect("a name");
        let disk = |node| Disk {
            node,
            shards: HashSet::new(),
            is_storage_low: false,
        };
        let there = |node| BTreeMap::from([(pod.clone(), disk(node))]);
        let begun = Instant::now();
        let mut tenure = Tenure::new(LONG);
        tenure.begin(&there(1), begun);
        assert!(!tenure.may_lead(one, &pod), "it has only come");
        tenure.begin(&there(1), begun + LONG);
        assert!(tenure.may_lead(one, &pod));
        assert!(tenure.take_turn(one, begun + LONG));
        assert!(!tenure.take_turn(two, begun + LONG), "one after the other");
        tenure.begin(&there(1), begun + LONG * 2);
        assert!(!tenure.may_lead(one, &pod), "it was handed over just now");
        assert!(tenure.may_lead(two, &pod));
        tenure.begin(&there(2), begun + LONG * 3);
        assert!(!tenure.may_lead(two, &pod), "its disk is another one");
        tenure.begin(&BTreeMap::new(), begun + LONG * 4);
        tenure.begin(&there(2), begun + LONG * 5);
        assert!(!tenure.may_lead(two, &pod), "it was away");
    }
}
