//! Today's bytes decode for ever. Each file under `golden/` holds one kind of stored bytes in hexadecimal; they are never
//! changed, only added to. `UPDATE_GOLDEN=1 cargo test --test golden` writes the files that are missing.

use std::{fmt::Write, fs, path::PathBuf, sync::Arc};

use anabranch_domain::{
    HashKey, ShardId, ShardPhase, ShardUid, StreamUid, Timestamp,
    shard_state::{AppendToken, TokenOfAppend},
};
use anabranch_store::{
    Family,
    entry::{
        Activate, BatchBuilder, BatchView, Draft, Entry, EntryKind, Envelope, KeyRing, NewRecord,
        Position, Record, RecordKey, Seal, Standing, tokens,
    },
    keys::{CatalogKey, LogKey, RaftItem, RaftKey},
};
use bytes::Bytes;

const SHARD: ShardUid = ShardUid::from_bits(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
const STREAM: StreamUid = StreamUid::from_bits(0xfedc_ba98_7654_3210_8899_aabb_ccdd_eeff);
const POSITION: Position = Position {
    term: 3,
    leader: 1,
    index: 0x0102_0304,
};
const KEY: LogKey = LogKey::new(SHARD, POSITION.index);
const STANDING: Standing = Standing {
    first_ordinal: 1_000,
    time: Timestamp::from_millis(1_700_000_000_123),
    phase: ShardPhase::Open,
    epoch: 6,
};

/// The golden bytes called `name`; `now` are the bytes that this release would write.
fn golden(name: &str, now: &[u8]) -> Bytes {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.hex"));
    if !path.exists() && std::env::var_os("UPDATE_GOLDEN").is_some() {
        let line = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut line, byte| {
                write!(line, "{byte:02x}").expect("a string takes everything");
                line
            })
        };
        let text: String = now.chunks(32).map(|chunk| line(chunk) + "\n").collect();
        fs::write(&path, text).expect("written");
    }
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| {
        u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal")
    };
    digits.chunks(2).map(byte).collect()
}

/// The golden bytes called `name`, which this release still writes.
fn unchanged(name: &str, now: &[u8]) -> Bytes {
    let golden = golden(name, now);
    assert_eq!(golden, now, "{name} is written as it always was");
    golden
}

fn records() -> [NewRecord<'static>; 3] {
    [
        NewRecord {
            partition_key: Some("user-42"),
            explicit_hash_key: None,
            data: b"hello",
        },
        NewRecord {
            partition_key: Some("ключ"),
            explicit_hash_key: Some(HashKey::new(u128::MAX)),
            data: &[0, 255],
        },
        NewRecord {
            partition_key: None,
            explicit_hash_key: None,
            data: b"",
        },
    ]
}

fn record_key() -> Arc<RecordKey> {
    Arc::new(RecordKey::new(std::array::from_fn(|at| {
        u8::try_from(at).expect("32 bytes")
    })))
}

fn batch(mut builder: BatchBuilder) -> Bytes {
    let [first, second, third] = records();
    builder.begin_append(AppendToken::from_bits(7));
    builder.push(first).expect("fits");
    builder.begin_append(AppendToken::from_bits(8));
    builder.push(second).expect("fits");
    builder.push(third).expect("fits");
    builder.finish(SHARD, STANDING).place(SHARD, POSITION)
}

fn assert_is_the_batch(bytes: &Bytes) {
    let entry = Entry::decode(KEY, bytes).expect("decodes");
    let envelope = entry.envelope();
    assert_eq!(
        (envelope.kind, envelope.phase, envelope.position),
        (EntryKind::Append, ShardPhase::Open, POSITION)
    );
    assert_eq!(
        (
            envelope.first_ordinal,
            envelope.next_ordinal(),
            envelope.epoch
        ),
        (1_000, 1_003, 6)
    );
    assert_eq!(envelope.time, STANDING.time);
    let found: Vec<TokenOfAppend> = tokens(&entry).expect("tokens").collect();
    let token = |bits, first_record| TokenOfAppend {
        token: AppendToken::from_bits(bits),
        first_record,
    };
    assert_eq!(found, [token(7, 0), token(8, 1)]);
    let mut keys = KeyRing::new();
    keys.add(record_key());
    let view = BatchView::open(&entry, &keys).expect("opens");
    let found: Vec<Record<'_>> = view
        .records()
        .map(|record| record.expect("whole"))
        .collect();
    let expected = records().map(
        |NewRecord {
             partition_key,
             explicit_hash_key,
             data,
         }| Record {
            partition_key,
            explicit_hash_key,
            data,
        },
    );
    assert_eq!(found, expected);
}

#[test]
fn log_keys() {
    let bytes = unchanged("key-log", &KEY.encode());
    assert_eq!(LogKey::decode(&bytes), Ok(KEY));
}

#[test]
fn raft_keys() {
    for item in RaftItem::ALL {
        let key = RaftKey::new(SHARD, item);
        let bytes = unchanged(&format!("key-raft-{item:?}").to_lowercase(), &key.encode());
        assert_eq!(RaftKey::decode(&bytes), Ok(key));
    }
}

#[test]
fn catalog_keys() {
    let shard = ShardId::new(42).expect("small");
    let keys = [
        ("account", CatalogKey::Account),
        ("stream", CatalogKey::Stream("clicks.v2".to_owned())),
        ("shard", CatalogKey::Shard(STREAM, shard)),
        (
            "consumer",
            CatalogKey::Consumer(STREAM, "billing".to_owned()),
        ),
        (
            "reshard",
            CatalogKey::Reshard(STREAM, 0x0102_0304_0506_0708),
        ),
        (
            "installation",
            CatalogKey::Installation("token-key".to_owned()),
        ),
    ];
    for (name, key) in keys {
        let bytes = unchanged(&format!("key-catalog-{name}"), &key.encode());
        assert_eq!(CatalogKey::decode(&bytes), Ok(key));
    }
}

#[test]
fn column_families() {
    assert_eq!(Family::ALL.map(Family::name), ["log", "raft", "catalog"]);
}

#[test]
fn blank_entries() {
    let bytes = unchanged(
        "entry-blank",
        &Draft::blank(STANDING).place(SHARD, POSITION),
    );
    let entry = Entry::decode(KEY, &bytes).expect("decodes");
    assert_eq!(
        (entry.envelope().kind, entry.payload().len()),
        (EntryKind::Blank, 0)
    );
    assert_eq!(Envelope::decode(KEY, &bytes).as_ref(), Ok(entry.envelope()));
}

#[test]
fn membership_entries() {
    let bytes = unchanged(
        "entry-membership",
        &Draft::membership(STANDING, b"voters").place(SHARD, POSITION),
    );
    let entry = Entry::decode(KEY, &bytes).expect("decodes");
    assert_eq!(
        (entry.envelope().kind, &entry.payload()[..]),
        (EntryKind::Membership, &b"voters"[..])
    );
}

#[test]
fn seal_entries() {
    let children = [7, 2_147_483_647]
        .map(|index| ShardId::new(index).expect("in range"))
        .to_vec();
    let seal = Seal { epoch: 9, children };
    let standing = Standing {
        phase: ShardPhase::Sealed,
        epoch: 9,
        ..STANDING
    };
    let bytes = unchanged(
        "entry-seal",
        &Draft::seal(standing, &seal).place(SHARD, POSITION),
    );
    let entry = Entry::decode(KEY, &bytes).expect("decodes");
    assert_eq!(
        (Seal::decode(&entry), entry.envelope().phase),
        (Ok(seal), ShardPhase::Sealed)
    );
}

#[test]
fn activate_entries() {
    let bytes = unchanged(
        "entry-activate",
        &Draft::activate(STANDING, Activate { epoch: 9 }).place(SHARD, POSITION),
    );
    let entry = Entry::decode(KEY, &bytes).expect("decodes");
    assert_eq!(Activate::decode(&entry), Ok(Activate { epoch: 9 }));
}

#[test]
fn batches() {
    assert_is_the_batch(&unchanged("entry-append", &batch(BatchBuilder::plain(0))));
}

#[test]
fn sealed_batches() {
    // Each sealing has another salt, so only reading can be compared.
    assert_is_the_batch(&golden(
        "entry-append-sealed",
        &batch(BatchBuilder::sealed(0, record_key())),
    ));
    assert_eq!(
        record_key().fingerprint().to_string(),
        "d8ecc2cca0682d2c509b9082d9ccb30a"
    );
}
