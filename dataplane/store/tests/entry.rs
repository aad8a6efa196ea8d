//! What an entry says after its bytes went to disk and came back, and that damaged bytes are errors.

use std::sync::Arc;

use anabranch_domain::{
    HashKey, ShardId, ShardPhase, ShardUid, Timestamp, shard_state::AppendToken,
};
use anabranch_store::{
    entry::{
        Activate, BatchBuilder, BatchView, Draft, Entry, EntryFault, EntryKind, Envelope,
        HEADER_LEN, KeyRing, NewRecord, Position, RecordKey, Seal, Standing, tokens,
    },
    keys::LogKey,
};
use bytes::Bytes;
use proptest::prelude::*;

const SHARD: ShardUid = ShardUid::from_bits(77);
const POSITION: Position = Position {
    term: 3,
    leader: 1,
    index: 9,
};
const KEY: LogKey = LogKey::new(SHARD, 9);
const STANDING: Standing = Standing {
    first_ordinal: 1_000,
    time: Timestamp::from_millis(1_700_000_000_123),
    phase: ShardPhase::Open,
    epoch: 6,
};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Owned {
    partition_key: Option<String>,
    explicit_hash_key: Option<u128>,
    data: Vec<u8>,
}

fn any_records() -> impl Strategy<Value = Vec<Owned>> {
    let record = (
        proptest::option::of("\\PC{1,40}"),
        proptest::option::of(any::<u128>()),
        proptest::collection::vec(any::<u8>(), 0..300),
    )
        .prop_map(|(partition_key, explicit_hash_key, data)| Owned {
            partition_key,
            explicit_hash_key,
            data,
        });
    proptest::collection::vec(record, 0..20)
}

fn record_key() -> Arc<RecordKey> {
    Arc::new(RecordKey::new([7; 32]))
}

fn ring() -> KeyRing {
    let mut ring = KeyRing::new();
    ring.add(record_key());
    ring
}

fn written(mut builder: BatchBuilder, records: &[Owned]) -> Bytes {
    builder.begin_append(AppendToken::from_bits(5));
    for record in records {
        let explicit_hash_key = record.explicit_hash_key.map(HashKey::new);
        let partition_key = record.partition_key.as_deref();
        let record = NewRecord {
            partition_key,
            explicit_hash_key,
            data: &record.data,
        };
        builder.push(record).expect("small records fit");
    }
    builder.finish(SHARD, STANDING).place(SHARD, POSITION)
}

fn read(bytes: &Bytes) -> Vec<Owned> {
    let entry = Entry::decode(KEY, bytes).expect("its own bytes");
    let view = BatchView::open(&entry, &ring()).expect("its own key");
    let owned = |record: anabranch_store::entry::Record<'_>| Owned {
        partition_key: record.partition_key.map(str::to_owned),
        explicit_hash_key: record.explicit_hash_key.map(HashKey::value),
        data: view.share(record.data).to_vec(),
    };
    view.records()
        .map(|record| owned(record.expect("whole")))
        .collect()
}

proptest! {
    #[test]
    fn records_go_round(records in any_records()) {
        prop_assert_eq!(read(&written(BatchBuilder::plain(0), &records)), records.clone());
        let sealed = written(BatchBuilder::sealed(100, record_key()), &records);
        prop_assert_eq!(read(&sealed), records);
    }

    #[test]
    fn a_flipped_bit_is_an_error(records in any_records(), sealed: bool, at: prop::sample::Index, bit in 0..8) {
        let builder = if sealed { BatchBuilder::sealed(0, record_key()) } else { BatchBuilder::plain(0) };
        let mut bytes = written(builder, &records).to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let error = Entry::decode(KEY, &bytes.into()).expect_err("a bit is wrong");
        prop_assert_eq!((error.shard, error.index), (SHARD, 9));
    }

    #[test]
    fn cut_or_lengthened_bytes_are_errors(records in any_records(), len in 0..1_000_usize) {
        let whole = written(BatchBuilder::plain(0), &records);
        let mut bytes = whole.to_vec();
        bytes.resize(len, 0);
        prop_assert_eq!(Entry::decode(KEY, &bytes.into()).is_ok(), len == whole.len());
    }

    /// The checksums are right and the payload is not: what a bug or a forger would write.
    #[test]
    fn a_malformed_payload_never_panics(payload in proptest::collection::vec(any::<u8>(), 0..200), count: u8, flags in 0..2_u8) {
        let mut bytes = Draft::membership(STANDING, &payload).place(SHARD, POSITION).to_vec();
        bytes[1] = EntryKind::Append as u8;
        bytes[2] = flags;
        bytes[67] = count;
        let crc = crc32c::crc32c_append(crc32c::crc32c(&SHARD.to_bytes()), &[&bytes[..4], &[0; 4], &bytes[8..72]].concat());
        bytes[4..8].copy_from_slice(&crc.to_be_bytes());
        let entry = Entry::decode(KEY, &bytes.into()).expect("the checksums are right");
        let _ = tokens(&entry).map(Iterator::count);
        let _ = (Seal::decode(&entry).is_err(), Activate::decode(&entry).is_err());
        if let Ok(view) = BatchView::open(&entry, &ring()) {
            let results: Vec<_> = view.records().collect();
            let errors = results.iter().filter(|result| result.is_err()).count();
            prop_assert!(errors <= 1 && results.last().is_none_or(|last| last.is_err() == (errors == 1)));
        }
    }

    /// As above, for the entries that begin and end a shard and for those of the protocol.
    #[test]
    fn a_malformed_control_payload_never_panics(payload in proptest::collection::vec(any::<u8>(), 0..64), kind in 0..8_u8) {
        let mut bytes = Draft::membership(STANDING, &payload).place(SHARD, POSITION).to_vec();
        bytes[1] = kind;
        let crc = crc32c::crc32c_append(crc32c::crc32c(&SHARD.to_bytes()), &[&bytes[..4], &[0; 4], &bytes[8..72]].concat());
        bytes[4..8].copy_from_slice(&crc.to_be_bytes());
        if let Ok(entry) = Entry::decode(KEY, &bytes.into()) {
            let _ = (Seal::decode(&entry).is_err(), Activate::decode(&entry).is_err());
            let _ = tokens(&entry).map(Iterator::count);
        }
    }

    #[test]
    fn random_bytes_are_no_entry(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Entry::decode(KEY, &bytes.into()).is_err());
    }
}

#[test]
fn a_header_is_read_without_its_payload() {
    let records = [Owned {
        partition_key: Some("k".to_owned()),
        explicit_hash_key: None,
        data: vec![1; 500],
    }];
    let bytes = written(BatchBuilder::plain(0), &records);
    let envelope = Envelope::decode(KEY, &bytes[..HEADER_LEN]).expect("a header");
    assert_eq!(
        (
            envelope.first_ordinal,
            envelope.next_ordinal(),
            envelope.record_count
        ),
        (1_000, 1_001, 1)
    );
    assert_eq!(
        (
            envelope.kind,
            envelope.position,
            envelope.time,
            envelope.epoch
        ),
        (EntryKind::Append, POSITION, STANDING.time, 6)
    );
}

#[test]
fn an_entry_under_another_key_is_refused() {
    let bytes = written(BatchBuilder::plain(0), &[]);
    let elsewhere =
        Entry::decode(LogKey::new(ShardUid::from_bits(78), 9), &bytes).expect_err("another shard");
    assert!(matches!(
        elsewhere.fault,
        EntryFault::Checksum { part: "header", .. }
    ));
    let later = Entry::decode(LogKey::new(SHARD, 10), &bytes).expect_err("another index");
    assert_eq!(later.fault, EntryFault::Misplaced(9));
}

#[test]
fn sealed_records_hide_their_data_and_need_their_key() {
    let records = [Owned {
        partition_key: Some("secret".to_owned()),
        explicit_hash_key: None,
        data: vec![1; 500],
    }];
    let bytes = written(BatchBuilder::sealed(0, record_key()), &records);
    assert!(!bytes.windows(6).any(|window| window == b"secret"));
    let entry = Entry::decode(KEY, &bytes).expect("its own bytes");
    let error = BatchView::open(&entry, &KeyRing::new()).expect_err("no key");
    assert_eq!(
        error.fault,
        EntryFault::MissingKey(record_key().fingerprint())
    );
    assert_eq!(
        tokens(&entry)
            .expect("readable without a key")
            .next()
            .map(|append| append.token.to_bits()),
        Some(5)
    );
}

#[test]
fn control_entries_go_round() {
    let seal = Seal {
        epoch: 4,
        children: vec![
            ShardId::new(8).expect("small"),
            ShardId::new(9).expect("small"),
        ],
    };
    let entry = Entry::decode(KEY, &Draft::seal(STANDING, &seal).place(SHARD, POSITION))
        .expect("its own bytes");
    assert_eq!(Seal::decode(&entry), Ok(seal));
    assert!(matches!(
        Activate::decode(&entry).expect_err("a seal").fault,
        EntryFault::WrongKind(_)
    ));
    let activate = Activate { epoch: 4 };
    let entry = Entry::decode(
        KEY,
        &Draft::activate(STANDING, activate).place(SHARD, POSITION),
    )
    .expect("its own bytes");
    assert_eq!(Activate::decode(&entry), Ok(activate));
    let entry =
        Entry::decode(KEY, &Draft::blank(STANDING).place(SHARD, POSITION)).expect("its own bytes");
    assert_eq!(
        (entry.envelope().kind, entry.payload().len()),
        (EntryKind::Blank, 0)
    );
}

#[test]
fn records_can_be_skipped() {
    let records: Vec<Owned> = (0..5)
        .map(|number| Owned {
            partition_key: Some(number.to_string()),
            explicit_hash_key: None,
            data: vec![number],
        })
        .collect();
    let entry =
        Entry::decode(KEY, &written(BatchBuilder::plain(0), &records)).expect("its own bytes");
    let view = BatchView::open(&entry, &KeyRing::new()).expect("unsealed");
    let mut rest = view.records();
    rest.skip_records(3).expect("whole");
    assert_eq!(rest.next().expect("a fourth").expect("whole").data, [3]);
    assert_eq!(rest.count(), 1);
}
