//! The records of a shard are numbered 0, 1, 2, …, and none is there twice: our own retries write nothing again. When some
//! expired, the first that is left has any number.

use crate::history::{Audit, History};

pub(super) fn check(history: &History, audit: &Audit) -> Vec<String> {
    let expired = history.expired();
    let mut wrong = Vec::new();
    for (shard, audited) in &audit.shards {
        let left_first = audited.records.first().map_or(0, |(first, ..)| *first);
        let first = if expired.is_empty() { 0 } else { left_first };
        for (expected, (ordinal, _, data)) in (first..).zip(&audited.records) {
            if *ordinal != expected {
                wrong.push(format!(
                    "shard {shard}: {data} is {ordinal}, not {expected}"
                ));
                break;
            }
        }
    }
    let twice = audit
        .places()
        .into_iter()
        // A day that passes in the middle of a put is none that its token is remembered for.
        .filter(|(data, places)| places.len() > 1 && !expired.contains(data));
    wrong.extend(twice.map(|(data, places)| format!("{data} was put once and is at {places:?}")));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::order_per_key::tests::audit;

    #[test]
    fn gaps_and_repetitions_are_found() {
        let none = History::default();
        let found =
            |records: &[(u64, &str, &str)]| check(&none, &audit(&[(0, &[], records)])).len();
        assert_eq!(found(&[(0, "k", "a"), (1, "k", "b")]), 0);
        assert_eq!(found(&[(0, "k", "a"), (2, "k", "b")]), 1);
        assert_eq!(found(&[(0, "k", "a"), (1, "k", "a")]), 1);
        assert_eq!(found(&[(1, "k", "b")]), 1);
    }
}
