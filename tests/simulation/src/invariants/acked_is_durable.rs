//! An acknowledged record is there, once, under the number of the acknowledgement, until it expires.

use crate::history::{Audit, History};

pub(super) fn check(history: &History, audit: &Audit) -> Vec<String> {
    let places = audit.places();
    let acked = history
        .puts
        .iter()
        .filter(|put| !history.has_expired(put))
        .filter_map(|put| Some((put, put.place?)));
    let wrong = acked.filter_map(|(put, place)| match places.get(put.data.as_str()) {
        None => Some(format!(
            "{} was acknowledged at {place:?} and is lost",
            put.data
        )),
        Some(found) if *found != [place] => Some(format!(
            "{} was acknowledged at {place:?} and is at {found:?}",
            put.data
        )),
        Some(_) => None,
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::order_per_key::tests::{audit, put};

    #[test]
    fn what_is_lost_moved_or_there_twice_is_found() {
        let history = |place| History {
            puts: vec![put("k", "a", 1..2, Some(place))],
            ..History::default()
        };
        let found = |place, records: &[(u64, &str, &str)]| {
            check(&history(place), &audit(&[(0, &[], records)]))
        };
        assert_eq!(found((0, 0), &[(0, "k", "a")]), Vec::<String>::new());
        assert_eq!(found((0, 0), &[]).len(), 1, "lost");
        assert_eq!(found((0, 1), &[(0, "k", "a")]).len(), 1, "moved");
        assert_eq!(
            found((0, 0), &[(0, "k", "a"), (1, "k", "a")]).len(),
            1,
            "twice"
        );
    }

    #[test]
    fn what_has_expired_may_be_gone_and_nothing_else() {
        let history = |expired_before| History {
            puts: vec![put("k", "a", 4..5, Some((0, 0)))],
            expired_before,
            ..History::default()
        };
        let empty = audit(&[(0, &[], &[])]);
        assert_eq!(check(&history(5), &empty).len(), 0);
        assert_eq!(check(&history(4), &empty).len(), 1);
    }
}
