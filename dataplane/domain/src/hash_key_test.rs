//! Laws of hash keys and ranges, and the values AWS is known to give.

use super::*;
use proptest::prelude::*;

fn parts(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

fn range(start: u128, end: u128) -> HashKeyRange {
    HashKeyRange::new(HashKey(start), HashKey(end)).unwrap()
}

#[test]
fn a_partition_key_hashes_as_md5() {
    // From RFC 1321's test suite.
    assert_eq!(
        HashKey::of_partition_key("abc"),
        HashKey(0x9001_5098_3cd2_4fb0_d696_3f7d_28e1_7f72)
    );
    assert_eq!(
        HashKey::of_partition_key(""),
        HashKey(0xd41d_8cd9_8f00_b204_e980_0998_ecf8_427e)
    );
}

#[test]
fn three_shards_have_the_ranges_that_aws_gives() {
    let ranges = HashKeyRange::ALL.even_split(parts(3)).unwrap();
    let texts: Vec<_> = ranges.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "0…113427455640312821154458202477256070484",
            "113427455640312821154458202477256070485…226854911280625642308916404954512140969",
            "226854911280625642308916404954512140970…340282366920938463463374607431768211455",
        ]
    );
}

#[test]
fn numbers_outside_the_ring_are_refused() {
    assert_eq!(
        "340282366920938463463374607431768211455".parse(),
        Ok(HashKey::MAX)
    );
    for text in [
        "340282366920938463463374607431768211456",
        "",
        "-1",
        "+1",
        "1.0",
        "abc",
    ] {
        assert_eq!(text.parse::<HashKey>(), Err(InvalidHashKey), "{text}");
    }
}

#[test]
fn a_range_of_one_key_cannot_be_split() {
    assert_eq!(range(5, 5).even_split(parts(2)), None);
    assert_eq!(range(5, 5).split_at(HashKey(5)), None);
    assert_eq!(
        range(5, 6).split_at(HashKey(6)),
        Some((range(5, 5), range(6, 6)))
    );
}

#[test]
fn a_stored_range_that_ends_before_it_starts_is_refused() {
    assert!(serde_json::from_str::<HashKeyRange>(r#"{"start":"2","end":"1"}"#).is_err());
    assert_eq!(
        serde_json::to_string(&range(1, 2)).unwrap(),
        r#"{"start":"1","end":"2"}"#
    );
}

proptest! {
    #[test]
    fn an_even_split_of_the_ring_tiles_it(count in 1_u32..2_000) {
        prop_assert!(HashKeyRange::tile(HashKeyRange::ALL.even_split(parts(count)).unwrap()));
    }

    #[test]
    fn an_even_split_of_any_range_covers_it_exactly(a: u128, b: u128, count in 1_u32..100) {
        let whole = range(a.min(b), a.max(b));
        let Some(split) = whole.even_split(parts(count)) else { return Ok(()) };
        prop_assert_eq!(split.len(), count as usize);
        let joined = split.into_iter().map(Some).reduce(|left, right| left?.join(right?)).flatten();
        prop_assert_eq!(joined, Some(whole));
    }

    #[test]
    fn split_and_join_undo_each_other(a: u128, b: u128, at: u128) {
        let whole = range(a.min(b), a.max(b));
        match whole.split_at(HashKey(at)) {
            Some((left, right)) => {
                prop_assert_eq!(right.start(), HashKey(at));
                prop_assert_eq!(left.join(right), Some(whole));
                prop_assert_eq!(right.join(left), None);
            }
            None => prop_assert!(at <= whole.start().value() || at > whole.end().value()),
        }
    }

    #[test]
    fn decimal_goes_round(value: u128) {
        prop_assert_eq!(HashKey(value).to_string().parse(), Ok(HashKey(value)));
    }
}
