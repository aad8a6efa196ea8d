//! An iterator never skips a record nor gives one twice, and what it gives is what is there at the end. What has expired may be
//! skipped, and may be gone at the end.

use std::collections::HashSet;

use crate::history::{Audit, History, Read};

pub(super) fn check(history: &History, audit: &Audit) -> Vec<String> {
    let expired = history.expired();
    // What is known to be there and not to have expired.
    let kept: HashSet<_> = history
        .puts
        .iter()
        .filter(|put| !history.has_expired(put))
        .filter_map(|put| put.place)
        .collect();
    let may_skip = |place| !expired.is_empty() && !kept.contains(&place);
    let wrong = history
        .reads
        .iter()
        .filter_map(|read| look(read, audit, &expired, may_skip));
    wrong.collect()
}

fn look(
    read: &Read,
    audit: &Audit,
    expired: &HashSet<&str>,
    may_skip: impl Fn((u32, u64)) -> bool,
) -> Option<String> {
    let reader = &read.reader;
    let (first, _) = read.records.first()?;
    let mut begins = read.expected.unwrap_or(*first);
    while begins < *first && may_skip((read.shard, begins)) {
        begins += 1;
    }
    let shard = audit.shards.get(&read.shard)?;
    let left = shard.records.first().map(|(first, ..)| *first);
    for (expected, (ordinal, data)) in (begins..).zip(&read.records) {
        if *ordinal != expected {
            return Some(format!(
                "{reader} got record {ordinal} of shard {} where {expected} comes next",
                read.shard
            ));
        }
        let is_gone = left.is_none_or(|left| *ordinal < left);
        if is_gone && expired.contains(data.as_str()) {
            continue;
        }
        let there = left
            .and_then(|left| ordinal.checked_sub(left))
            .and_then(|at| shard.records.get(usize::try_from(at).ok()?));
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
            look(&read, &audited, &HashSet::new(), |_| false)
        };
        assert_eq!(found(Some(0), &[(0, "a"), (1, "b")]), None);
        assert_eq!(found(None, &[(1, "b")]), None, "from the tip");
        assert!(found(Some(0), &[(1, "b")]).is_some(), "skipped");
        assert!(found(Some(1), &[(0, "a")]).is_some(), "repeated");
        assert!(found(Some(0), &[(0, "x")]).is_some(), "vanished");
        assert!(found(Some(2), &[(2, "c")]).is_some(), "vanished at the end");
    }

    #[test]
    fn what_has_expired_may_be_skipped_and_gone_and_nothing_else() {
        let (shard, left) = (0, [(2, "k", "c")]);
        let audited = audit(&[(shard, &[], &left)]);
        let expired = HashSet::from(["a", "b"]);
        let found = |expected, records: &[(u64, &str)]| {
            let records = records.iter().map(|(at, data)| (*at, (*data).to_owned()));
            let read = Read {
                reader: "r".to_owned(),
                shard,
                expected: Some(expected),
                returned: 1,
                records: records.collect(),
            };
            look(&read, &audited, &expired, |(_, ordinal)| ordinal < 2)
        };
        assert_eq!(found(0, &[(0, "a"), (1, "b")]), None, "read in time");
        assert_eq!(found(0, &[(2, "c")]), None, "skipped for its age");
        assert_eq!(
            found(0, &[(1, "b"), (2, "c")]),
            None,
            "from what is left on"
        );
        assert!(found(0, &[(0, "a"), (2, "c")]).is_some(), "a gap");
        assert!(found(0, &[(3, "d")]).is_some(), "skipped in its time");
        assert!(found(0, &[(1, "x")]).is_some(), "something else");
    }
}
