//! The records of a shard are numbered 0, 1, 2, …, and none is there twice: our own retries write nothing again.

use crate::history::Audit;

pub(super) fn check(audit: &Audit) -> Vec<String> {
    let mut wrong = Vec::new();
    for (shard, audited) in &audit.shards {
        for (expected, (ordinal, _, data)) in (0..).zip(&audited.records) {
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
        .filter(|(_, places)| places.len() > 1);
    wrong.extend(twice.map(|(data, places)| format!("{data} was put once and is at {places:?}")));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::order_per_key::tests::audit;

    #[test]
    fn gaps_and_repetitions_are_found() {
        let found = |records: &[(u64, &str, &str)]| check(&audit(&[(0, &[], records)])).len();
        assert_eq!(found(&[(0, "k", "a"), (1, "k", "b")]), 0);
        assert_eq!(found(&[(0, "k", "a"), (2, "k", "b")]), 1);
        assert_eq!(found(&[(0, "k", "a"), (1, "k", "a")]), 1);
    }
}
