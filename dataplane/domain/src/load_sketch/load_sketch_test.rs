//! The promises of the module's page, against the same load kept in full.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp::from_secs(1_700_000_000);
/// Sums of thousands of `f64` in another order differ by less.
const ROUNDING: f64 = 1e-6;

/// The load, kept in full.
#[derive(Debug, Default)]
struct Exact(Vec<(HashKey, f64, Timestamp)>);

impl Exact {
    fn weights(&self, now: Timestamp) -> BTreeMap<HashKey, f64> {
        let mut weights = BTreeMap::new();
        for (key, weight, at) in &self.0 {
            let age = now.saturating_since(*at).as_secs_f64();
            *weights.entry(*key).or_default() += weight * (-age / 30.0).exp2();
        }
        weights
    }

    fn rank(&self, key: HashKey, now: Timestamp) -> f64 {
        let weights = self.weights(now);
        let total: f64 = weights.values().sum();
        let below: f64 = weights.range(..key).map(|(_, weight)| weight).sum();
        below / total
    }

    fn share(&self, key: HashKey, now: Timestamp) -> f64 {
        let weights = self.weights(now);
        weights.get(&key).unwrap_or(&0.0) / weights.values().sum::<f64>()
    }
}

fn key(value: u128) -> HashKey {
    HashKey::new(value)
}

/// Ranges of all widths, from one key to the ring.
fn a_range() -> impl Strategy<Value = HashKeyRange> {
    (any::<u128>(), 0_u32..128, any::<bool>()).prop_map(|(start, shift, is_all)| {
        if is_all {
            return HashKeyRange::ALL;
        }
        let end = start.saturating_add(u128::MAX >> shift);
        HashKeyRange::new(key(start), key(end)).expect("it does not end before it starts")
    })
}

/// A load in a range: some keys again and again, others once, with pauses in between.
fn a_load() -> impl Strategy<Value = (LoadSketch, Exact, Timestamp)> {
    let adds = prop::collection::vec(
        (any::<u128>(), 0_u8..4, 1_u32..10_000, 0_u64..4_000),
        1..400,
    );
    (a_range(), adds).prop_map(|(range, adds)| {
        let mut now = START;
        let mut sketch = LoadSketch::new(range, now);
        let mut exact = Exact::default();
        for (value, kind, weight, pause) in adds {
            now = now.plus(Duration::from_millis(pause));
            let offset = if kind == 0 {
                value
            } else {
                value % 7 * 1_000_003
            };
            let within = range.span().checked_add(1).map_or(offset, |it| offset % it);
            let at = key(range.start().value() + within);
            sketch.add(at, f64::from(weight), now);
            exact.0.push((at, f64::from(weight), now));
        }
        (sketch, exact, now)
    })
}

proptest! {
    #[test]
    fn a_rank_is_within_its_bounds((sketch, exact, now) in a_load(), probe in any::<u128>()) {
        let mut probes: Vec<_> = exact.0.iter().map(|(key, ..)| *key).take(20).collect();
        probes.push(key(probe));
        for probe in probes {
            let (told, truth) = (sketch.rank(probe), exact.rank(probe, now));
            prop_assert!(told.low <= told.guess + ROUNDING && told.guess <= told.high + ROUNDING, "{told:?}");
            prop_assert!(told.low - ROUNDING <= truth && truth <= told.high + ROUNDING, "{told:?} and not {truth}");
        }
    }

    #[test]
    fn heavy_keys_are_found_and_their_shares_bounded((sketch, exact, now) in a_load()) {
        let told = sketch.heavy_keys();
        for heavy in &told {
            let truth = exact.share(heavy.key, now);
            prop_assert!(heavy.share_low <= truth + ROUNDING && truth <= heavy.share_high + ROUNDING);
            prop_assert!(heavy.share_high - heavy.share_low <= 1.0 / 32.0 + ROUNDING);
        }
        for (key, weight) in exact.weights(now) {
            let share = weight / exact.weights(now).values().sum::<f64>();
            let is_told = told.iter().any(|heavy| heavy.key == key);
            // Up to twice a place's share, another key may have taken its guarantee along.
            prop_assert!(share <= 2.0 / 32.0 + ROUNDING || is_told, "{share} is not told");
        }
    }

    #[test]
    fn cuts_are_in_order_and_miss_by_no_more_than_is_promised((sketch, exact, now) in a_load(), parts in 2_u32..9) {
        let cuts = sketch.cuts(parts);
        let range = sketch.range();
        prop_assert!(cuts.len() < parts as usize);
        prop_assert!(cuts.iter().all(|cut| *cut > range.start() && *cut <= range.end()));
        prop_assert!(cuts.windows(2).all(|pair| pair[0] < pair[1]));
        for part in 1..parts {
            let wish = f64::from(part) / f64::from(parts);
            let [cut] = sketch.cuts_at([wish])[..] else { continue };
            let told = sketch.rank(cut);
            let neighbours = [Some(cut), cut.predecessor()].into_iter().flatten();
            let one_key: f64 = neighbours.map(|key| exact.share(key, now)).fold(0.0, f64::max);
            let truth = exact.rank(cut, now);
            // The bucket around the cut and the one before it, whose end the cut may be.
            let before = cut.predecessor().map_or(0.0, |key| {
                let told = sketch.rank(key);
                told.high - told.low
            });
            let allowed = (told.high - told.low).max(before) + one_key + ROUNDING;
            prop_assert!((truth - wish).abs() <= allowed, "{truth} for {wish}, allowed {allowed}");
        }
    }

    #[test]
    fn bytes_come_back_and_are_few((sketch, _, now) in a_load()) {
        let bytes = sketch.encode();
        prop_assert!(bytes.len() <= ENCODED_LEN_MAX);
        let back = LoadSketch::decode(&bytes).expect("they are a sketch");
        prop_assert_eq!(back.range(), sketch.range());
        prop_assert!((back.weight(now) - sketch.weight(now)).abs() <= 1e-4 * sketch.weight(now));
        prop_assert_eq!(back.encode(), bytes);
    }

    #[test]
    fn bytes_that_are_no_sketch_are_an_error_and_no_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..1_400), is_ours in any::<bool>()) {
        if let Some(first) = bytes.first_mut().filter(|_| is_ours) {
            *first = 1;
        }
        if let Ok(sketch) = LoadSketch::decode(&bytes) {
            let _ = sketch.cuts(4);
        }
        for cut in 0..bytes.len().min(50) {
            prop_assert!(LoadSketch::decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn halves_inherit_what_the_whole_had((sketch, _, now) in a_load(), cut in any::<u128>()) {
        let range = sketch.range();
        let Some((left, right)) = range.split_at(key(range.start().value().saturating_add(cut >> 1))) else { return Ok(()) };
        let (left, right) = (sketch.within(left).expect("a part"), sketch.within(right).expect("a part"));
        let parts = left.weight(now) + right.weight(now);
        prop_assert!((parts - sketch.weight(now)).abs() <= 1e-6 * sketch.weight(now), "{parts}");
        let whole = left.joined(&right, now).expect("neighbours");
        prop_assert_eq!(whole.range(), range);
        prop_assert!((whole.weight(now) - parts).abs() <= 1e-6 * parts.max(1.0));
        prop_assert!(right.joined(&left, now).is_none());
    }
}

/// A sequence that looks like hashes.
fn hashes(seed: u64) -> impl Iterator<Item = HashKey> {
    (seed..).map(|it| HashKey::of_partition_key(&it.to_string()))
}

#[test]
fn an_even_load_is_cut_evenly() {
    let mut sketch = LoadSketch::new(HashKeyRange::ALL, START);
    for hash in hashes(0).take(20_000) {
        sketch.add(hash, 100.0, START);
    }
    assert!(sketch.is_informed(START));
    let cuts = sketch.cuts(4);
    assert_eq!(cuts.len(), 3);
    for (cut, quarter) in cuts.iter().zip(1_u128..) {
        let wanted = u128::MAX / 4 * quarter;
        assert!(cut.value().abs_diff(wanted) < u128::MAX / 64, "{cut}");
    }
}

#[test]
fn a_front_that_moves_on_is_followed() {
    let mut sketch = LoadSketch::new(HashKeyRange::ALL, START);
    let mut now = START;
    let front = |at: u128, hash: HashKey| key(u128::MAX / 100 * at + hash.value() / 100);
    for second in 0..600 {
        now = START.plus(Duration::from_secs(second));
        let at = u128::from(second / 10);
        for hash in hashes(second * 1_000).take(20) {
            sketch.add(front(at, hash), 1.0, now);
        }
    }
    // Twelve places in two minutes, of which half of the load is in the last three.
    let [middle] = sketch.cuts(2)[..] else {
        panic!("one cut")
    };
    let place = middle.value() / (u128::MAX / 100);
    assert!((56..=59).contains(&place), "{place}");
    assert!(sketch.is_informed(now));
    assert!(!sketch.is_informed(now.plus(Duration::from_mins(5))));
}

#[test]
fn one_key_is_cut_off_on_both_sides() {
    let mut sketch = LoadSketch::new(HashKeyRange::ALL, START);
    let hot = HashKey::of_partition_key("hot");
    for hash in hashes(0).take(1_000) {
        sketch.add(hash, 1.0, START);
        sketch.add(hot, 3.0, START);
    }
    let heaviest = sketch.heavy_keys()[0];
    assert_eq!(heaviest.key, hot);
    assert!(
        heaviest.share_low > 0.74 && heaviest.share_high < 0.79,
        "{heaviest:?}"
    );
    // Three quarters of the load in one key: whatever is wished, a cut is beside it.
    for wish in [0.5, 0.3, 0.7] {
        let [cut] = sketch.cuts_at([wish])[..] else {
            continue;
        };
        let beside = [Some(hot), hot.successor()];
        let told = sketch.rank(cut).guess;
        assert!(
            beside.contains(&Some(cut)) || (told - wish).abs() < 0.05,
            "{cut}"
        );
    }
}

#[test]
fn what_is_no_weight_or_no_key_of_the_range_is_left_out() {
    let range = HashKeyRange::new(key(10), key(20)).expect("a range");
    let mut sketch = LoadSketch::new(range, START);
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        sketch.add(key(15), weight, START);
    }
    sketch.add(key(9), 1.0, START);
    sketch.add(key(21), 1.0, START);
    assert!(sketch.weight(START).abs() < f64::EPSILON);
    assert!(sketch.cuts(4).is_empty() && sketch.heavy_keys().is_empty());
    sketch.add(key(15), 1.0, Timestamp::EPOCH);
    assert!(
        (sketch.weight(START) - 1.0).abs() < f64::EPSILON,
        "a clock that went back stands still"
    );
}
