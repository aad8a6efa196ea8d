//! Which shards' logs were formed on this disk: a list of its own, so that a log that is *missing* is told from one that is
//! *new*.
//!
//! A standalone node makes a shard's log when its first record comes. A pod must not: a disk that was lost and came back
//! empty would then answer as if its shards had never had a record. So a pod serves what was formed on its disk, and
//! forms only what the operator, who knows that the shard is new, tells it to.
//! **Invariant:** a formed shard is on the list before its log takes a record.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use anabranch_domain::ShardUid;
use anabranch_proto::shard as pb;
use anabranch_store::keys::CatalogKey;
use anabranch_store::{Family, Order, Store, StoreError, WriteSet, commit};
use bytes::Bytes;
use prost::Message as _;
use std::ops::ControlFlow;

/// The list, and the identity of the disk that it lies on.
pub struct FormedShards {
    store: Arc<dyn Store>,
    disk: u128,
    shards: RwLock<HashMap<ShardUid, pb::Shard>>,
}

const DISK: &str = "disk-uid";
const FORMED: &str = "formed/";

impl FormedShards {
    /// Reads the list; gives the disk the identity `new_disk` if it has none.
    pub async fn open(store: Arc<dyn Store>, new_disk: u128) -> Result<Self, StoreError> {
        let disk = disk_uid(&*store, new_disk).await?;
        let mut shards = HashMap::new();
        let range = CatalogKey::everything();
        store.scan(
            Family::Catalog,
            &range,
            Order::Forward,
            &mut |key: &[u8], bytes: Bytes| {
                let formed = match CatalogKey::decode(key) {
                    Ok(CatalogKey::Installation(name)) => name.strip_prefix(FORMED).map(str::parse),
                    _ => None,
                };
                if let (Some(Ok(uid)), Ok(shard)) = (formed, pb::Shard::decode(bytes)) {
                    shards.insert(uid, shard);
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok(Self {
            store,
            disk,
            shards: RwLock::new(shards),
        })
    }

    /// What this disk is known by, for as long as it lives.
    pub fn disk(&self) -> u128 {
        self.disk
    }

    /// The disk as a replica of its shards: half of its identity.
    pub fn node(&self) -> u64 {
        let [.., low] = split(self.disk);
        low
    }

    /// What is on the list of the shard.
    pub fn get(&self, shard: ShardUid) -> Option<pb::Shard> {
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        shards.get(&shard).cloned()
    }

    /// Whether the shard's log was formed here.
    pub fn has(&self, shard: ShardUid) -> bool {
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        shards.contains_key(&shard)
    }

    /// Every shard on the list.
    pub fn all(&self) -> Vec<pb::Shard> {
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        shards.values().cloned().collect()
    }

    /// Puts a shard on the list, durably.
    pub async fn add(&self, uid: ShardUid, shard: pb::Shard) -> Result<(), StoreError> {
        let mut set = WriteSet::new();
        set.put_critical(Family::Catalog, key(uid), shard.encode_to_vec());
        commit(&*self.store, set).await?;
        let mut shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        shards.insert(uid, shard);
        Ok(())
    }

    /// Takes a shard off the list, durably. Its log must be gone.
    pub async fn remove(&self, uid: ShardUid) -> Result<(), StoreError> {
        let mut set = WriteSet::new();
        set.delete(Family::Catalog, key(uid));
        commit(&*self.store, set).await?;
        let mut shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        shards.remove(&uid);
        Ok(())
    }
}

/// The two halves of a disk's identity.
fn split(disk: u128) -> [u64; 2] {
    let bytes = disk.to_be_bytes();
    let (halves, _) = bytes.as_chunks::<8>();
    [u64::from_be_bytes(halves[0]), u64::from_be_bytes(halves[1])]
}

/// The number of the disk with this identity, as a replica.
pub(super) fn node_of(disk: &[u8]) -> Option<u64> {
    let disk: [u8; 16] = disk.try_into().ok()?;
    let [.., low] = split(u128::from_be_bytes(disk));
    Some(low)
}

fn key(uid: ShardUid) -> Vec<u8> {
    CatalogKey::Installation(format!("{FORMED}{uid}")).encode()
}

async fn disk_uid(store: &dyn Store, new: u128) -> Result<u128, StoreError> {
    let key = CatalogKey::Installation(DISK.to_owned()).encode();
    let stored = store.get(Family::Catalog, &key)?;
    if let Some(uid) = stored.and_then(|bytes| <[u8; 16]>::try_from(&*bytes).ok()) {
        return Ok(u128::from_be_bytes(uid));
    }
    let mut set = WriteSet::new();
    set.put_critical(Family::Catalog, key, new.to_be_bytes().to_vec());
    commit(store, set).await?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use anabranch_store::MemoryStore;

    use super::*;

    fn shard(id: u32) -> pb::Shard {
        pb::Shard {
            range_start: Bytes::new(),
            range_end: Bytes::new(),
            uid: ShardUid::from_bits(u128::from(id))
                .to_bytes()
                .to_vec()
                .into(),
            stream: "clicks".to_owned(),
            id,
            created_ms: 7,
            is_child: false,
            founders: Vec::new(),
            is_joining: false,
        }
    }

    #[tokio::test]
    async fn what_was_formed_is_known_after_a_restart_and_what_was_removed_is_not() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let (one, two) = (ShardUid::from_bits(1), ShardUid::from_bits(2));
        let formed = FormedShards::open(store.clone(), 9).await.expect("opened");
        formed.add(one, shard(1)).await.expect("added");
        formed.add(two, shard(2)).await.expect("added");
        formed.remove(one).await.expect("removed");
        let again = FormedShards::open(store, 10).await.expect("opened");
        assert_eq!(again.disk(), 9, "a disk keeps its identity");
        assert!(!again.has(one) && again.has(two));
        assert_eq!(again.all(), [shard(2)]);
    }
}
