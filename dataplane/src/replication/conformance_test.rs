//! The library's own suite for log storages and state machines, on ours, over both stores.

use std::sync::Arc;

use anabranch_domain::{ShardUid, Timestamp};
use anabranch_store::{MemoryStore, RocksOptions, RocksStore, Store};
use openraft::{
    StorageError,
    testing::log::{StoreBuilder, Suite},
};

use super::{
    Birth, CatchUp, Journal, StateMachine, TailCache, Types, log_store::LogStore, mending::Mender,
};

pub(super) async fn build(store: Arc<dyn Store>) -> (LogStore, StateMachine) {
    let cache = Arc::new(TailCache::new(1 << 20));
    let birth = Birth::open(Timestamp::EPOCH);
    let journal = Journal::new(ShardUid::from_bits(1), birth, store, cache);
    journal
        .load()
        .await
        .expect("an empty store has nothing damaged");
    let mender = Mender::new(journal.clone(), None, Arc::default());
    (
        LogStore::new(journal.clone(), mender, Arc::new(CatchUp::new(None))),
        StateMachine::new(journal),
    )
}

struct InMemory;

impl StoreBuilder<Types, LogStore, StateMachine, ()> for InMemory {
    async fn build(&self) -> Result<((), LogStore, StateMachine), StorageError<Types>> {
        let (log, machine) = build(Arc::new(MemoryStore::new())).await;
        Ok(((), log, machine))
    }
}

#[tokio::test]
async fn the_log_in_memory_conforms() {
    Suite::test_all(InMemory).await.expect("the suite passes");
}

struct OnDisk;

impl StoreBuilder<Types, LogStore, StateMachine, tempfile::TempDir> for OnDisk {
    async fn build(
        &self,
    ) -> Result<(tempfile::TempDir, LogStore, StateMachine), StorageError<Types>> {
        let dir = tempfile::tempdir().expect("a directory");
        let store = RocksStore::open(dir.path(), &RocksOptions::default()).expect("it opens");
        let (log, machine) = build(Arc::new(store)).await;
        Ok((dir, log, machine))
    }
}

#[tokio::test]
async fn the_log_on_disk_conforms() {
    Suite::test_all(OnDisk).await.expect("the suite passes");
}
