//! Two records of one key, the second put after the first was acknowledged, lie in that order along the lineage.

use std::collections::BTreeMap;

use crate::history::{Audit, History, Place, Put};

pub(super) fn check(history: &History, audit: &Audit) -> Vec<String> {
    let mut by_key: BTreeMap<&str, Vec<(&Put, Place)>> = BTreeMap::new();
    for put in &history.puts {
        if let Some(place) = put.place {
            by_key.entry(&put.key).or_default().push((put, place));
        }
    }
    let mut wrong = Vec::new();
    for puts in by_key.values_mut() {
        puts.sort_by_key(|(put, _)| put.invoked);
        for pair in puts.windows(2) {
            let [(first, at), (second, then)] = [pair[0], pair[1]];
            let was_acked_before = first
                .returned
                .is_some_and(|returned| returned < second.invoked);
            if was_acked_before && !is_before(audit, at, then) {
                wrong.push(format!(
                    "{} at {at:?} was acknowledged before {} at {then:?} was put",
                    first.data, second.data
                ));
            }
        }
    }
    wrong
}

fn is_before(audit: &Audit, first: Place, second: Place) -> bool {
    if first.0 == second.0 {
        first.1 < second.1
    } else {
        audit.descends(second.0, first.0)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::ops::Range;

    use super::*;
    use crate::history::AuditedShard;

    pub(in crate::invariants) fn put(
        key: &str,
        data: &str,
        during: Range<u64>,
        place: Option<Place>,
    ) -> Put {
        Put {
            key: key.to_owned(),
            data: data.to_owned(),
            invoked: during.start,
            returned: Some(during.end),
            place,
        }
    }

    type Shard<'a> = (u32, &'a [u32], &'a [(u64, &'a str, &'a str)]);

    pub(in crate::invariants) fn audit(shards: &[Shard<'_>]) -> Audit {
        let audited = shards.iter().map(|(shard, parents, records)| {
            let records = records
                .iter()
                .map(|(ordinal, key, data)| (*ordinal, (*key).to_owned(), (*data).to_owned()));
            let audited = AuditedShard {
                parents: parents.to_vec(),
                records: records.collect(),
            };
            (*shard, audited)
        });
        Audit {
            shards: audited.collect(),
        }
    }

    #[test]
    fn a_record_before_one_that_was_acknowledged_earlier_is_found() {
        let lineage = audit(&[(0, &[], &[]), (1, &[0], &[])]);
        let found = |first, second| {
            let puts = vec![
                put("k", "a", 1..2, Some(first)),
                put("k", "b", 3..4, Some(second)),
            ];
            let history = History {
                puts,
                ..History::default()
            };
            check(&history, &lineage).len()
        };
        assert_eq!(found((0, 0), (0, 1)), 0);
        assert_eq!(found((0, 1), (0, 0)), 1);
        assert_eq!(found((0, 1), (1, 0)), 0, "from the parent to its child");
        assert_eq!(found((1, 0), (0, 1)), 1, "and never back");
    }
}
