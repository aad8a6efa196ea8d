//! Bytes of iterators, today's golden ones included, and their expiry.

use proptest::prelude::*;

use super::*;

fn any_position() -> impl Strategy<Value = Position> {
    let number = (1_u64..10_000_000_000, any::<u32>(), 0_u64..1 << 60).prop_map(
        |(created, shard, ordinal)| {
            let shard = ShardId::new(shard & ShardId::INDEX_MAX).unwrap();
            let created = Timestamp::from_secs(created);
            SequenceNumber::record(
                created,
                shard,
                ordinal,
                created.plus(Duration::from_secs(7)),
            )
        },
    );
    prop_oneof![
        number.clone().prop_map(Position::AtSequence),
        number.prop_map(Position::AfterSequence),
        any::<u64>().prop_map(|ms| Position::AtTimestamp(Timestamp::from_millis(ms))),
        Just(Position::TrimHorizon),
        any::<u64>().prop_map(|ordinal| Position::Latest { ordinal }),
        any::<(u64, u64)>()
            .prop_map(|(log_index, ordinal)| Position::Resume { log_index, ordinal }),
    ]
}

fn any_iterator() -> impl Strategy<Value = ShardIterator> {
    (
        "[a-zA-Z0-9_.-]{1,128}",
        any::<u128>(),
        0..=ShardId::INDEX_MAX,
        any_position(),
        any::<u64>(),
    )
        .prop_map(|(stream, uid, shard, position, issued_at)| ShardIterator {
            stream: stream.parse().unwrap(),
            stream_uid: StreamUid::from_bits(uid),
            shard: ShardId::new(shard).unwrap(),
            position,
            issued_at: Timestamp::from_millis(issued_at),
        })
}

#[test]
fn the_bytes_of_version_1_stay_what_they_are() {
    let iterator = ShardIterator {
        stream: "orders".parse().unwrap(),
        stream_uid: StreamUid::from_bits(0x0102),
        shard: ShardId::new(3).unwrap(),
        position: Position::Resume {
            log_index: 4,
            ordinal: 5,
        },
        issued_at: Timestamp::from_millis(6),
    };
    let mut golden = vec![1];
    golden.extend([0, 0, 0, 0, 0, 0, 0, 6]);
    golden.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    golden.extend([0, 0, 0, 3]);
    golden.extend([6, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5]);
    golden.extend(b"orders");
    assert_eq!(iterator.encode(), golden);
    assert_eq!(ShardIterator::decode(&golden), Ok(iterator));
}

#[test]
fn an_iterator_is_good_for_five_minutes() {
    let iterator = ShardIterator {
        stream: "orders".parse().unwrap(),
        stream_uid: StreamUid::from_bits(1),
        shard: ShardId::FIRST,
        position: Position::TrimHorizon,
        issued_at: Timestamp::from_millis(1_000),
    };
    assert_eq!(iterator.check_age(Timestamp::from_millis(301_000)), Ok(()));
    let now = Timestamp::from_millis(301_001);
    assert_eq!(
        iterator.check_age(now),
        Err(ExpiredIterator {
            issued_at: iterator.issued_at,
            now
        })
    );
    assert_eq!(iterator.check_age(Timestamp::EPOCH), Ok(()));
}

proptest! {
    #[test]
    fn bytes_go_round(iterator in any_iterator()) {
        prop_assert_eq!(ShardIterator::decode(&iterator.encode()), Ok(iterator));
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = ShardIterator::decode(&bytes);
    }

    #[test]
    fn every_iterator_fits_the_512_characters_of_the_api(iterator in any_iterator()) {
        // Sealed: a header of 8, a nonce of 12, a tag of 16, padding of at most 16; then base64.
        prop_assert!((iterator.encode().len() + 52).div_ceil(3) * 4 <= 512);
    }
}
