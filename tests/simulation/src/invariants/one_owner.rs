//! No two shards take the same hash key at a time: once a child has acknowledged a record of a key, no record of it that is
//! put afterwards is acknowledged by anybody but the child or its own descendants.

use std::collections::BTreeMap;

use crate::history::{Audit, History, Put};

pub(super) fn check(history: &History, audit: &Audit) -> Vec<String> {
    let mut by_key: BTreeMap<&str, Vec<(&Put, u32)>> = BTreeMap::new();
    for put in &history.puts {
        if let Some((shard, _)) = put.place {
            by_key.entry(&put.key).or_default().push((put, shard));
        }
    }
    let mut wrong = Vec::new();
    for (key, puts) in by_key {
        for (first, owner) in &puts {
            let later = puts.iter().filter(|(put, _)| {
                first
                    .returned
                    .is_some_and(|returned| returned < put.invoked)
            });
            for (second, shard) in later {
                if shard != owner && !audit.descends(*shard, *owner) {
                    wrong.push(format!(
                        "{key}: {} was taken by shard {owner}, and {} later by shard {shard}",
                        first.data, second.data
                    ));
                }
            }
        }
    }
    wrong
}
