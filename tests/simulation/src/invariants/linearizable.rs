//! Per-shard linearizability, from nothing but what was asked and answered, and when.
//!
//! A shard is a log. A put takes effect at one moment between its call and its answer (or any time after its call, where the
//! answer is a failure), and the log's order is the order of those moments. A read shows what took effect before it
//! returned. It may be behind: replicas other than the leader answer reads, too.
//!
//! Such moments exist exactly if no record must come after a later one: for every place in the log, the latest of all calls
//! up to it is before the earliest of all answers and sightings from it on.

use std::collections::{BTreeMap, HashMap};

use crate::history::{History, Place, Put};

/// When a record can have taken effect.
#[derive(Debug, Clone)]
struct Bounds<'a> {
    data: &'a str,
    after: u64,
    before: u64,
}

pub(super) fn check(history: &History) -> Vec<String> {
    let mut wrong = Vec::new();
    let shards = bounds(history, &mut wrong);
    for (shard, records) in &shards {
        wrong.extend(impossible(*shard, records));
    }
    wrong
}

type Shards<'a> = BTreeMap<u32, BTreeMap<u64, Bounds<'a>>>;

fn bounds<'a>(history: &'a History, wrong: &mut Vec<String>) -> Shards<'a> {
    let mut shards = Shards::new();
    let puts: HashMap<&str, &Put> = history
        .puts
        .iter()
        .map(|put| (put.data.as_str(), put))
        .collect();
    let mut saw = |(shard, ordinal): Place, put: &'a Put, before: u64| {
        let records = shards.entry(shard).or_default();
        let bounds = records.entry(ordinal).or_insert(Bounds {
            data: &put.data,
            after: put.invoked,
            before,
        });
        bounds.before = bounds.before.min(before);
        if bounds.data != put.data {
            wrong.push(format!(
                "record {ordinal} of shard {shard} is {} for one and {} for another",
                bounds.data, put.data
            ));
        }
    };
    for put in &history.puts {
        if let (Some(place), Some(returned)) = (put.place, put.returned) {
            saw(place, put, returned);
        }
    }
    let mut never_put = Vec::new();
    for read in &history.reads {
        for (ordinal, data) in &read.records {
            match puts.get(data.as_str()) {
                Some(put) => saw((read.shard, *ordinal), put, read.returned),
                None => never_put.push(format!("{data} was read and never put")),
            }
        }
    }
    wrong.append(&mut never_put);
    shards
}

fn impossible(shard: u32, records: &BTreeMap<u64, Bounds<'_>>) -> Vec<String> {
    let mut wrong = Vec::new();
    // From each place on, the record that must take effect first.
    let mut soonest: Option<&Bounds<'_>> = None;
    let mut soonest_from = Vec::new();
    for (ordinal, bounds) in records.iter().rev() {
        if soonest.is_none_or(|soonest| bounds.before < soonest.before) {
            soonest = Some(bounds);
        }
        soonest_from.push((ordinal, bounds, soonest));
    }
    let mut latest: Option<&Bounds<'_>> = None;
    for (ordinal, bounds, soonest) in soonest_from.into_iter().rev() {
        if latest.is_none_or(|latest| bounds.after > latest.after) {
            latest = Some(bounds);
        }
        if let (Some(latest), Some(soonest)) = (latest, soonest)
            && latest.after > soonest.before
        {
            wrong.push(format!(
                "shard {shard}, around record {ordinal}: {} was put at {} and lies before {}, which was there at {}",
                latest.data, latest.after, soonest.data, soonest.before
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Read;
    use crate::invariants::order_per_key::tests::put;

    fn read(at: u64, records: &[(u64, &str)]) -> Read {
        let records = records.iter().map(|(at, data)| (*at, (*data).to_owned()));
        Read {
            reader: "r".to_owned(),
            shard: 0,
            expected: None,
            returned: at,
            records: records.collect(),
        }
    }

    fn found(puts: Vec<Put>, reads: Vec<Read>) -> usize {
        let history = History {
            puts,
            reads,
            ..History::default()
        };
        check(&history).len()
    }

    #[test]
    fn puts_that_overlap_may_lie_either_way() {
        let both = |one, two| {
            vec![
                put("k", "a", 1..4, Some((0, one))),
                put("l", "b", 2..3, Some((0, two))),
            ]
        };
        assert_eq!(found(both(0, 1), Vec::new()), 0);
        assert_eq!(found(both(1, 0), Vec::new()), 0);
    }

    #[test]
    fn a_put_after_an_answer_lies_behind_it() {
        let both = |one, two| {
            vec![
                put("k", "a", 1..2, Some((0, one))),
                put("l", "b", 3..4, Some((0, two))),
            ]
        };
        assert_eq!(found(both(0, 1), Vec::new()), 0);
        assert_ne!(found(both(1, 0), Vec::new()), 0);
    }

    #[test]
    fn nothing_is_read_before_it_is_put_nor_as_two_things() {
        let puts = || vec![put("k", "a", 5..6, Some((0, 0)))];
        assert_eq!(found(puts(), vec![read(7, &[(0, "a")])]), 0);
        assert_ne!(
            found(puts(), vec![read(4, &[(0, "a")])]),
            0,
            "before it was put"
        );
        assert_ne!(found(puts(), vec![read(7, &[(0, "b")])]), 0, "never put");
        let mut puts = puts();
        puts.push(put("l", "b", 5..6, None));
        assert_ne!(
            found(puts, vec![read(7, &[(0, "b")])]),
            0,
            "two at one place"
        );
    }

    #[test]
    fn what_failed_may_take_effect_late_but_what_was_seen_was_there() {
        let puts = || vec![put("k", "a", 1..2, None), put("l", "b", 8..9, Some((0, 0)))];
        assert_eq!(found(puts(), vec![read(12, &[(0, "b"), (1, "a")])]), 0);
        let puts = vec![put("k", "a", 1..2, None), put("l", "b", 8..9, Some((0, 1)))];
        assert_eq!(found(puts.clone(), vec![read(5, &[(0, "a")])]), 0);
        let puts = vec![put("k", "a", 8..9, Some((0, 0))), put("l", "b", 1..2, None)];
        assert_ne!(
            found(puts, vec![read(5, &[(1, "b")])]),
            0,
            "seen before what lies before it"
        );
    }
}
