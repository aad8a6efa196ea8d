//! The hash ranges of the shards that records are routed to cover every key once, in every catalog that was ever shown.

use anabranch_domain::catalog::{ShardStatus, Stream};

/// What is wrong with the ranges of `stream`.
pub(crate) fn ranges_tile(stream: &Stream) -> Option<String> {
    let routed = stream
        .shards
        .values()
        .filter(|shard| matches!(shard.status, ShardStatus::Open | ShardStatus::Sealing));
    let mut ranges: Vec<(u128, u128)> = routed
        .map(|shard| (shard.range.start().value(), shard.range.end().value()))
        .collect();
    ranges.sort_unstable();
    let mut next = Some(0);
    for (start, end) in &ranges {
        if next != Some(*start) {
            return Some(format!("a gap or an overlap before {start}: {ranges:?}"));
        }
        next = end.checked_add(1);
    }
    next.map(|next| format!("nothing from {next} on: {ranges:?}"))
}
