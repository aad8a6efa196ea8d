//! What must hold whatever happens, one file each. None knows how the product works beyond what it wrote or answered.

mod acked_is_durable;
mod iterators_go_on;
mod leaderships_grow;
mod linearizable;
mod logs_agree;
mod one_owner;
mod order_per_key;
mod ordinals_without_gaps;
mod ranges_tile;
mod tips_are_current;

pub(crate) use leaderships_grow::LeadershipsGrow;
pub(crate) use logs_agree::LogsAgree;
pub(crate) use ranges_tile::ranges_tile;

use crate::history::{Audit, History};
use crate::trace;

/// Says what `history` and the shards as they are at its end violate.
pub(crate) fn check(history: &History, audit: &Audit) {
    let all = [
        ("acked is durable", acked_is_durable::check(history, audit)),
        (
            "ordinals without gaps",
            ordinals_without_gaps::check(history, audit),
        ),
        ("order per key", order_per_key::check(history, audit)),
        ("iterators go on", iterators_go_on::check(history, audit)),
        ("one owner", one_owner::check(history, audit)),
        ("linearizable", linearizable::check(history)),
        ("tips are current", tips_are_current::check(history)),
    ];
    for (invariant, violations) in all {
        for what in violations.iter().take(5) {
            trace::violated(invariant, what);
        }
    }
}
