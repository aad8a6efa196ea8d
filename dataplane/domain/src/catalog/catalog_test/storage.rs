//! Stored objects: each change's touched objects are enough to restore the catalog, and today's bytes stay readable.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::catalog::test_fixture::{Catalog, consumer_name, name, shard};
use crate::catalog::*;
use crate::quota::Limits;

type Stored = BTreeMap<ObjectKey, Vec<u8>>;

/// Does what a store does with a change: writes what is there, removes what is gone.
fn store(catalog: &mut Catalog, stored: &mut Stored, change: impl Into<Change>) {
    for key in catalog.apply(change).unwrap() {
        match catalog.snapshot.object_bytes(&key) {
            Some(bytes) => stored.insert(key, bytes),
            None => stored.remove(&key),
        };
    }
}

fn restore(stored: &Stored) -> Result<Snapshot, RestoreError> {
    let account = Account::new(
        "123456789012".parse().unwrap(),
        "us-east-1".parse().unwrap(),
    );
    let mut restore = Restore::new(account, Limits::aws());
    for (key, bytes) in stored {
        restore.add(key, bytes)?;
    }
    restore.finish()
}

fn eventful(catalog: &mut Catalog) -> Stored {
    let mut stored = Stored::new();
    for stream in ["s", "t", "u"] {
        let create = catalog.create_request(stream, StreamMode::Provisioned, 2);
        store(catalog, &mut stored, create);
        let uid = catalog.stream(stream).uid;
        store(
            catalog,
            &mut stored,
            StreamBecameActive {
                name: name(stream),
                uid,
            },
        );
    }
    let consumer = RegisterConsumer {
        stream: name("s"),
        consumer: consumer_name("c"),
        tags: Tags::new(),
    };
    store(catalog, &mut stored, consumer);
    store(
        catalog,
        &mut stored,
        StartStreamEncryption {
            stream: name("t"),
            key: "k".parse().unwrap(),
        },
    );
    store(
        catalog,
        &mut stored,
        UpdateAccountSettings::EnableBillingCommitment,
    );
    let merge = MergeShards {
        stream: name("s"),
        shard: shard(0),
        adjacent: shard(1),
        reason: "test".to_owned(),
    };
    store(catalog, &mut stored, merge);
    store(
        catalog,
        &mut stored,
        DeleteStream {
            name: name("u"),
            enforce_consumer_deletion: false,
        },
    );
    let uid = catalog.stream("u").uid;
    store(
        catalog,
        &mut stored,
        StreamGone {
            name: name("u"),
            uid,
        },
    );
    stored
}

#[test]
fn touched_objects_are_enough_to_restore_the_catalog() {
    let mut catalog = Catalog::new();
    let stored = eventful(&mut catalog);
    let restored = restore(&stored).unwrap();
    assert_eq!(restored.totals(), catalog.snapshot.totals());
    assert_eq!(restored.account, catalog.snapshot.account);
    // Every object, and so every member that is stored.
    for key in stored.keys() {
        assert_eq!(
            restored.object_bytes(key),
            catalog.snapshot.object_bytes(key),
            "{key:?}"
        );
    }
    let table = |snapshot: &Snapshot| snapshot.stream("s").unwrap().open_shards.clone();
    assert_eq!(table(&restored), table(&catalog.snapshot));
    assert!(restored.stream("u").is_none());
    assert!(
        restored.stream("s").unwrap().running_reshard().is_some(),
        "a reshard goes on after a restart"
    );
}

#[test]
fn the_bytes_of_format_1_stay_readable() {
    let mut stored = Stored::new();
    let mut put = |key, json: &str| stored.insert(key, json.as_bytes().to_vec());
    put(
        ObjectKey::Stream(name("s")),
        r#"{"format":1,"object":{"name":"s","uid":"00000000000000000000000000000001","created":1700000000000,
            "status":"ACTIVE","retention_hours":24,"next_shard":"shardId-000000000003"}}"#,
    );
    put(
        ObjectKey::Shard(name("s"), shard(0)),
        r#"{"format":1,"object":{"id":"shardId-000000000000","uid":"00000000000000000000000000000002",
            "created":1699999998000,"opened_at":1700000000000,
            "range":{"start":"0","end":"340282366920938463463374607431768211455"},
            "status":{"phase":"Closed","ending":"49646437576406002943163161776866345374177391728381657090",
            "closed_at":1700000001000}}}"#,
    );
    put(
        ObjectKey::Shard(name("s"), shard(1)),
        r#"{"format":1,"object":{"id":"shardId-000000000001","uid":"00000000000000000000000000000003",
            "created":1700000002000,"opened_at":1700000001000,"parent":"shardId-000000000000",
            "range":{"start":"0","end":"340282366920938463463374607431768211455"},"status":{"phase":"Open"},
            "epoch":1}}"#,
    );
    put(
        ObjectKey::Consumer(name("s"), consumer_name("c")),
        r#"{"format":1,"object":{"name":"c","created":1700000000000,"status":"ACTIVE"}}"#,
    );
    put(
        ObjectKey::Reshard(name("s"), ReshardId::new(0)),
        r#"{"format":1,"object":{"id":0,"kind":{"kind":"Uniform","target":1},"reason":"r","created":1700000000500,
            "status":{"status":"Done","finished_at":1700000001000},"shard_count_before":1}}"#,
    );
    put(
        ObjectKey::Account,
        r#"{"format":1,"object":{"id":"123456789012","region":"us-east-1",
            "billing_commitment":{"status":"Enabled","started_at":1700000000000}}}"#,
    );
    let snapshot = restore(&stored).unwrap();
    let stream = snapshot.stream("s").unwrap();
    assert_eq!(
        (stream.max_record_size_kib, stream.open_shards.ids()),
        (1_024, &[shard(1)][..])
    );
    assert_eq!((stream.consumers.len(), stream.reshards.len()), (1, 1));
}

#[test]
fn objects_that_make_no_catalog_are_refused_by_name() {
    let mut catalog = Catalog::new();
    let whole = eventful(&mut catalog);
    let with = |key: ObjectKey, bytes: Option<&[u8]>| {
        let mut stored = whole.clone();
        match bytes {
            Some(bytes) => stored.insert(key, bytes.to_vec()),
            None => stored.remove(&key),
        };
        restore(&stored).unwrap_err()
    };
    let of_shard = ObjectKey::Shard(name("t"), shard(0));
    assert!(matches!(
        with(of_shard.clone(), None),
        RestoreError::Tiling { .. }
    ));
    assert!(matches!(
        with(of_shard.clone(), Some(b"{")),
        RestoreError::Unreadable { .. }
    ));
    let newer = br#"{"format":2,"object":{}}"#;
    assert!(matches!(
        with(of_shard, Some(newer)),
        RestoreError::UnknownFormat { format: 2, .. }
    ));
    assert!(matches!(
        with(ObjectKey::Stream(name("t")), None),
        RestoreError::Orphan { .. }
    ));
}

/// Objects of every kind, made once: an eventful catalog takes longer than reading one.
fn whole() -> &'static Stored {
    static WHOLE: std::sync::LazyLock<Stored> =
        std::sync::LazyLock::new(|| eventful(&mut Catalog::new()));
    &WHOLE
}

fn any_key() -> impl Strategy<Value = ObjectKey> {
    prop::sample::select(whole().keys().cloned().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn arbitrary_bytes_for_an_object_are_an_error(key in any_key(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut stored = whole().clone();
        stored.insert(key, bytes);
        prop_assert!(restore(&stored).is_err());
    }

    #[test]
    fn a_mutated_object_is_a_catalog_or_an_error_and_no_panic(
        key in any_key(),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), "[0-9a-zA-Z{}:,\"\\PC]", 0_u8..3), 1..5),
    ) {
        let mut stored = whole().clone();
        let bytes = stored.get_mut(&key).expect("one of its keys");
        for (at, text, kind) in mutations {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = text.as_bytes()[0],
                1 => { bytes.splice(at..at, text.bytes()); }
                _ => { bytes.remove(at); }
            }
        }
        if let Ok(snapshot) = restore(&stored) {
            // What was accepted can be shown and stored again.
            for key in stored.keys() {
                let _ = snapshot.object_bytes(key);
            }
        }
    }
}
