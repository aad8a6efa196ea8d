//! The layout, against numbers that AWS gave out, and its order.

use super::*;
use proptest::prelude::*;

fn shard(index: u32) -> ShardId {
    ShardId::new(index).unwrap()
}

#[test]
fn a_number_that_aws_gave_out_reads_as_its_parts() {
    // From AWS's own documentation; in hexadecimal 2 05bf4e5c2 6 0000000067648a17 00 05c181eea 00000006 2.
    let text = "49590338271490256608559692538361571095921575989136588898";
    let number: SequenceNumber = text.parse().unwrap();
    assert_eq!(number.shard_created_secs(), 0x5bf4_e5c2);
    assert_eq!(number.shard(), shard(6));
    assert_eq!(number.ordinal(), 0x6764_8a17);
    assert_eq!(number.time_secs(), 0x5c18_1eea);
    assert_eq!(number.to_string(), text);
}

#[test]
fn the_text_is_that_of_the_documented_layout() {
    let created = Timestamp::from_secs(0x54c0_c1ea);
    let number = SequenceNumber::record(
        created,
        shard(0x12),
        0x1234,
        Timestamp::from_secs(0x54c0_c200),
    );
    // 2 054c0c1ea 2 0000000000001234 00 054c0c200 00000012 2
    assert_eq!(
        number.to_string(),
        "49547214852987035600592824332674383204733302863856402722"
    );
}

#[test]
fn the_first_record_is_greater_than_the_starting_number_whatever_the_clock_says() {
    let created = Timestamp::from_secs(1_700_000_000);
    let starting = SequenceNumber::starting(created, shard(0));
    let first = SequenceNumber::record(created, shard(0), 0, Timestamp::EPOCH);
    assert!(first > starting);
    assert_eq!(starting.ordinal_after(), 0);
    assert_eq!(first.ordinal_after(), 1);
}

#[test]
fn the_least_and_the_greatest_number_have_56_digits() {
    let least = SequenceNumber::starting(Timestamp::EPOCH, ShardId::FIRST);
    let greatest =
        SequenceNumber::ending(Timestamp::MAX, shard(ShardId::INDEX_MAX), Timestamp::MAX);
    for number in [least, greatest] {
        assert_eq!(number.text().as_str().parse(), Ok(number));
        assert!(!number.text().as_str().starts_with('0'));
    }
}

#[test]
fn a_small_number_reads_as_the_oldest_layout() {
    let given: GivenSequenceNumber = "5".parse().unwrap();
    assert_eq!(given.version(), SequenceNumberVersion::V0);
    assert!(given.shard().is(shard(5)));
    assert_eq!(given.number(), None);
}

#[test]
fn a_negative_shard_prints_as_aws_prints_it() {
    // As the layout, but with an 8 as the shard's first digit: 2 054c0c1ea 0 0000000000000000 00 054c0c1ea 80000000 2.
    let given: GivenSequenceNumber = "49547214852942434110195763080757717448783832709244911618"
        .parse()
        .unwrap();
    assert_eq!(given.shard().to_string(), "shardId--02147483648");
    assert_eq!(given.number(), None);
}

#[test]
fn numbers_that_no_layout_reads_are_refused() {
    for text in [
        "",
        "-1",
        "1a",
        // A creation time too late: answered by AWS as invalid.
        "26227199374822427428162556223570313216",
        // 2^129 and 2^185: between the layouts.
        "680564733841876926926749214863536422912",
        "49039857307708443467467104868809893875799651909875269632",
        // 1.5 × 2^185.
        "73559785961562665201200657303214840813699477864812904448",
        // More than 192 bits.
        "9999999999999999999999999999999999999999999999999999999999",
    ] {
        assert_eq!(
            text.parse::<GivenSequenceNumber>(),
            Err(InvalidSequenceNumber),
            "{text}"
        );
    }
}

fn any_number() -> impl Strategy<Value = SequenceNumber> {
    (
        0_u64..16_025_175_000,
        0..=ShardId::INDEX_MAX,
        0..SequenceNumber::ORDINAL_MAX,
        1_u64..1_000_000,
    )
        .prop_map(|(created, index, ordinal, later)| {
            let arrival = Timestamp::from_secs(created + later);
            SequenceNumber::record(
                Timestamp::from_secs(created),
                shard(index),
                ordinal,
                arrival,
            )
        })
}

proptest! {
    #[test]
    fn decimal_goes_round(number in any_number()) {
        prop_assert_eq!(number.text().as_str().parse(), Ok(number));
        let mut written = String::new();
        number.write_decimal(&mut written).unwrap();
        prop_assert_eq!(written, number.to_string());
    }

    #[test]
    fn bytes_go_round_in_the_order_of_the_numbers(a in any_number(), b in any_number()) {
        prop_assert_eq!(SequenceNumber::from_bytes(a.to_bytes()), Ok(a));
        prop_assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes: [u8; 24]) {
        let _ = SequenceNumber::from_bytes(bytes);
    }

    #[test]
    fn the_order_of_numbers_is_that_of_their_texts(a in any_number(), b in any_number()) {
        // All texts have 56 digits, so they compare as the numbers do.
        prop_assert_eq!(a.cmp(&b), a.text().as_bytes().cmp(b.text().as_bytes()));
    }

    #[test]
    fn numbers_grow_with_the_ordinal_even_when_the_clock_goes_back(
        number in any_number(), step in 1_u64..1000, arrival in 0_u64..20_000_000_000,
    ) {
        let created = Timestamp::from_secs(number.shard_created_secs());
        let ordinal = number.ordinal().saturating_add(step).min(SequenceNumber::ORDINAL_MAX - 1);
        prop_assume!(ordinal > number.ordinal());
        let later = SequenceNumber::record(created, number.shard(), ordinal, Timestamp::from_secs(arrival));
        prop_assert!(later > number);
        prop_assert!(SequenceNumber::ending(created, number.shard(), Timestamp::EPOCH) > later);
    }

    #[test]
    fn a_child_starts_above_its_parents_end(
        number in any_number(), child in 0..=ShardId::INDEX_MAX, age in 1_u64..1000, closed in 0_u64..20_000_000_000,
    ) {
        let parent_created = number.shard_created_secs();
        prop_assume!(parent_created + age < 16_025_175_000);
        let end = SequenceNumber::ending(
            Timestamp::from_secs(parent_created), number.shard(), Timestamp::from_secs(closed),
        );
        prop_assert!(SequenceNumber::starting(Timestamp::from_secs(parent_created + age), shard(child)) > end);
    }

    #[test]
    fn no_text_makes_parsing_panic(text in "[0-9]{0,130}") {
        let _ = text.parse::<GivenSequenceNumber>();
    }
}
