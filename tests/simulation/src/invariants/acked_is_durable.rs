//! An acknowledged record is there, once, under the number of the acknowledgement.

use crate::history::{Audit, History};

pub(super) fn check(history: &History, audit: &Audit) -> Vec<String> {
    let places = audit.places();
    let acked = history
        .puts
        .iter()
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
            reads: Vec::new(),
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
}
