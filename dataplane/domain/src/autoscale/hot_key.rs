//! Keys that carry so much that they matter on their own.

use super::plan::HotKey;
use crate::load_sketch::LoadSketch;
use crate::{HashKey, ShardId};

/// A key with more of a shard's limit than this gets a shard of its own.
const ISOLATED_FROM: f64 = 0.5;
/// A key with more of a shard's limit than this leaves nothing for others.
const PRESSED_FROM: f64 = 0.75;
/// A key with more of a shard's limit than this fills it.
const HOT_FROM: f64 = 0.95;

/// Keys of a shard that is offered `load` of its limit that should be alone.
pub(super) fn hot_keys(sketch: &LoadSketch, load: f64) -> Vec<HashKey> {
    let heavy = sketch.heavy_keys().into_iter();
    heavy
        .take_while(|heavy| heavy.share_low * load >= ISOLATED_FROM)
        .map(|heavy| heavy.key)
        .collect()
}

/// Whether a key leaves no room in its shard for anything beside it.
pub(super) fn is_pressed(sketch: &LoadSketch, key: HashKey, load: f64) -> bool {
    let heavy = sketch.heavy_keys().into_iter().find(|it| it.key == key);
    heavy.is_some_and(|heavy| heavy.share_low * load >= PRESSED_FROM)
}

/// The heaviest key of a shard, if it alone fills it.
pub(super) fn filling(shard: ShardId, sketch: &LoadSketch, load: f64) -> Option<HotKey> {
    let heaviest = *sketch.heavy_keys().first()?;
    (heaviest.share_low * load >= HOT_FROM).then_some(HotKey {
        shard,
        key: Some(heaviest.key),
        load: heaviest.share_low * load,
        share: heaviest.share_low,
    })
}

/// A shard that is offered too much and cannot be cut, whatever is known of it.
pub(super) fn uncuttable(shard: ShardId, sketch: Option<&LoadSketch>, load: f64) -> HotKey {
    let heaviest = sketch.and_then(|sketch| sketch.heavy_keys().first().copied());
    HotKey {
        shard,
        key: heaviest.map(|heavy| heavy.key),
        load,
        share: heaviest.map_or(1.0, |heavy| heavy.share_low),
    }
}
