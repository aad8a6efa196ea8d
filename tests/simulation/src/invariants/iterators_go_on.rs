//! An iterator never skips a record nor gives one twice, and what it gives is what is there at the end.

use crate::history::{Audit, History, Read};

pub(super) fn check(history: &History, audit: &Audit) -> Vec<String> {
    let wrong = history.reads.iter().filter_map(|read| look(read, audit));
    wrong.collect()
}

fn look(read: &Read, audit: &Audit) -> Option<String> {
    let reader = &read.reader;
    let (first, _) = read.records.first()?;
    let numbers = read.expected.unwrap_or(*first)..;
    let shard = audit.shards.get(&read.shard)?;
    for (expected, (ordinal, data)) in numbers.zip(&read.records) {
        if *ordinal != expected {
            return Some(format!(
                "{reader} got record {ordinal} of shard {} where {expected} comes next",
                read.shard
            ));
        }
        let there = usize::try_from(*ordinal)
            .ok()
            .and_then(|at| shard.records.get(at));
        let is_there = there.is_some_and(|(number, _, there)| number == ordinal && there == data);
        if !is_there {
            return Some(format!(
                "{reader} got {data} as record {ordinal} of shard {}, where now is {there:?}",
                read.shard
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::order_per_key::tests::audit;

    #[test]
    fn skipped_repeated_and_vanished_records_are_found() {
        let audited = audit(&[(0, &[], &[(0, "k", "a"), (1, "k", "b")])]);
        let found = |expected, records: &[(u64, &str)]| {
            let records = records.iter().map(|(at, data)| (*at, (*data).to_owned()));
            let read = Read {
                reader: "r".to_owned(),
                shard: 0,
                expected,
                returned: 1,
                records: records.collect(),
            };
            look(&read, &audited)
        };
        assert_eq!(found(Some(0), &[(0, "a"), (1, "b")]), None);
        assert_eq!(found(None, &[(1, "b")]), None, "from the tip");
        assert!(found(Some(0), &[(1, "b")]).is_some(), "skipped");
        assert!(found(Some(1), &[(0, "a")]).is_some(), "repeated");
        assert!(found(Some(0), &[(0, "x")]).is_some(), "vanished");
        assert!(found(Some(2), &[(2, "c")]).is_some(), "vanished at the end");
    }
}
