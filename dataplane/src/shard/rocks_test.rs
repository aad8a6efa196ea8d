//! Shards on a real disk: a process that ends without a word, and one that comes after it.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anabranch_domain::{ShardUid, Timestamp};
use anabranch_store::{RocksOptions, RocksStore, StoreError};
use tokio::runtime::Runtime;

use super::{
    handle_test::{World, everything, records, texts},
    replicated_test::PATIENCE,
    *,
};
use crate::retention::{Kept, Sweeper};

const SHARDS: u128 = 3;
const BIRTH: Birth = Birth::open(Timestamp::from_millis(1_000));

/// Runs `life` as one process would on the directory, and ends it without stopping anything.
fn one_life<T>(dir: &Path, life: impl AsyncFnOnce(Arc<ShardRegistry>, &World) -> T) -> T {
    let begun = Instant::now();
    let store = loop {
        // The process that was here before lets go of it in its own time: its last callback may hold the store.
        match RocksStore::open(dir, &RocksOptions::default()) {
            Err(StoreError::Locked { .. }) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            opened => break opened.expect("it opens"),
        }
    };
    let world = World {
        store: Arc::new(store),
        ..World::new()
    };
    let runtime = Runtime::new().expect("a runtime");
    let result = runtime.block_on(life(Arc::new(world.registry()), &world));
    // Drops every task where it stands, and with the last of them the store.
    drop(runtime);
    result
}

async fn append_to_all(registry: &ShardRegistry, round: usize) -> Vec<(u128, u64, String)> {
    let appends = (0..60).map(|number| {
        let uid = number % SHARDS;
        let shard = registry.shard(ShardUid::from_bits(uid), BIRTH);
        tokio::spawn(async move {
            let text = format!("{round}/{number}");
            let appended = shard.append(records(&[&text])).await.expect("it appends");
            (uid, appended.first_ordinal, text)
        })
    });
    let appended = futures_util::future::join_all(appends.collect::<Vec<_>>()).await;
    appended
        .into_iter()
        .map(|append| append.expect("no panic"))
        .collect()
}

#[test]
fn every_acknowledged_record_survives_processes_that_end_without_a_word() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let more = one_life(dir.path(), async |registry, _| {
            append_to_all(&registry, round).await
        });
        acknowledged.extend(more);
    }
    acknowledged.sort_unstable();
    let found = one_life(dir.path(), async |registry, _| {
        let mut found = Vec::new();
        for uid in 0..SHARDS {
            let shard = registry.shard(ShardUid::from_bits(uid), BIRTH);
            let batch = shard
                .read(ReadFrom::TrimHorizon, everything())
                .await
                .expect("it reads");
            found.extend(
                texts(&batch)
                    .into_iter()
                    .map(|(ordinal, text)| (uid, ordinal, text)),
            );
        }
        found
    });
    assert_eq!(found, acknowledged);
}

#[test]
fn a_swept_shard_goes_on_where_it_was_and_a_destroyed_one_is_new() {
    let dir = tempfile::tempdir().expect("a directory");
    let [swept, gone] = [1, 2].map(ShardUid::from_bits);
    one_life(dir.path(), async |registry, world| {
        for uid in [swept, gone] {
            for text in ["a", "b"] {
                registry
                    .shard(uid, BIRTH)
                    .append(records(&[text]))
                    .await
                    .expect("it appends");
            }
        }
        world.pass_ms(1_000_000);
        registry
            .shard(swept, BIRTH)
            .append(records(&["young"]))
            .await
            .expect("it appends");
        let kept = Kept {
            shard: swept,
            birth: BIRTH,
            horizon: Timestamp::from_millis(500_000),
        };
        let sweeper = Sweeper::new(registry.clone());
        let round = sweeper.sweep(&[kept]).await;
        // The first entry of a log, its membership, goes with them.
        assert_eq!((round.shards, round.entries, round.failed), (1, 3, 0));
        assert!(round.bytes > 0 && !round.has_more);
        assert_eq!(sweeper.sweep(&[kept]).await.entries, 0);
        registry.destroy(gone).await.expect("it is destroyed");
    });
    one_life(dir.path(), async |registry, _| {
        let swept = registry.shard(swept, BIRTH);
        let batch = swept
            .read(ReadFrom::TrimHorizon, everything())
            .await
            .expect("it reads");
        assert_eq!(texts(&batch), [(2, "young".to_owned())]);
        let next = swept.append(records(&["next"])).await.expect("it appends");
        assert_eq!(next.first_ordinal, 3);
        let gone = registry.shard(gone, BIRTH).tip().await.expect("it reads");
        assert_eq!((gone.next_ordinal, gone.end_index), (0, 0));
    });
}
