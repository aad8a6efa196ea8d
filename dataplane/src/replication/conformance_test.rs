//! The library's own suite for log storages and state machines, on ours, over both stores.

use std::sync::Arc;

use anabranch_domain::{ShardUid, Timestamp};
use anabranch_store::{MemoryStore, Store};
use openraft::{
    StorageError,
    testing::log::{StoreBuilder, Suite},
};

use super::{Birth, Journal, StateMachine, TailCache, Types, log_store::LogStore};

async fn build(store: Arc<dyn Store>) -> (LogStore, StateMachine) {
    let cache = Arc::new(TailCache::new(1 << 20));
    let birth = Birth::open(Timestamp::EPOCH);
    let journal = Journal::new(ShardUid::from_bits(1), birth, store, cache);
    journal
        .load()
        .await
        .expect("an empty store has nothing damaged");
    (LogStore::new(journal.clone()), StateMachine::new(journal))
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
