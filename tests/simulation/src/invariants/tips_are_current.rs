//! Who polls and is told that nothing more is there (`MillisBehindLatest` 0) has everything that was acknowledged before the
//! call. What has expired may be missing.

use std::collections::BTreeMap;

use crate::history::{History, Put, Tip};

pub(super) fn check(history: &History) -> Vec<String> {
    let mut shards: BTreeMap<u32, Vec<(u64, &Put)>> = BTreeMap::new();
    for put in &history.puts {
        if let Some((shard, ordinal)) = put.place
            && !history.has_expired(put)
        {
            shards.entry(shard).or_default().push((ordinal, put));
        }
    }
    let missed = |tip: &Tip| {
        let puts = shards.get(&tip.shard)?;
        let is_missed = |(ordinal, put): &&(u64, &Put)| {
            *ordinal >= tip.end && put.returned.is_some_and(|returned| returned < tip.invoked)
        };
        let (ordinal, put) = puts.iter().find(is_missed)?;
        Some(format!(
            "{} asked at {} and was told that shard {} ends at {}, but {} was there as {ordinal} at {}",
            tip.reader,
            tip.invoked,
            tip.shard,
            tip.end,
            put.data,
            put.returned.unwrap_or_default()
        ))
    };
    history.tips.iter().filter_map(missed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::order_per_key::tests::put;

    fn found(puts: Vec<Put>, invoked: u64, end: u64, expired_before: u64) -> usize {
        let tip = Tip {
            reader: "r".to_owned(),
            shard: 0,
            invoked,
            end,
        };
        let history = History {
            puts,
            tips: vec![tip],
            expired_before,
            ..History::default()
        };
        check(&history).len()
    }

    #[test]
    fn what_was_acknowledged_before_the_call_is_before_the_tip() {
        let puts = || {
            vec![
                put("k", "a", 1..2, Some((0, 0))),
                put("k", "b", 3..6, Some((0, 1))),
            ]
        };
        assert_eq!(found(puts(), 5, 1, 0), 0, "b is not acknowledged yet");
        assert_eq!(found(puts(), 5, 2, 0), 0, "and may be there all the same");
        assert_eq!(found(puts(), 5, 0, 0), 1, "a is missing");
        assert_eq!(found(puts(), 7, 1, 0), 1, "b is missing");
        assert_eq!(found(puts(), 7, 1, 9), 0, "both have expired");
        let elsewhere = vec![put("k", "a", 1..2, Some((1, 0)))];
        assert_eq!(found(elsewhere, 5, 0, 0), 0);
    }
}
