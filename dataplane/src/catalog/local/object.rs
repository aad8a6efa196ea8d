//! Where an object of the catalog lies in the store: the domain names objects by the stream's name, the disk by its
//! identity, so that nothing of an earlier stream of the same name is ever taken for the later one's.

use std::collections::HashMap;

use anabranch_domain::catalog::{ObjectKey, ReshardId, Snapshot};
use anabranch_domain::{StreamName, StreamUid};
use anabranch_store::keys::CatalogKey;
use serde::Deserialize;

/// The key of an object that `snapshot` has; none if it does not know the object's stream.
pub(super) fn key_on_disk(snapshot: &Snapshot, object: &ObjectKey) -> Option<CatalogKey> {
    let uid = |name: &StreamName| snapshot.streams.get(name).map(|stream| stream.uid);
    Some(match object {
        ObjectKey::Account => CatalogKey::Account,
        ObjectKey::Stream(name) => CatalogKey::Stream(name.as_str().to_owned()),
        ObjectKey::Shard(name, shard) => CatalogKey::Shard(uid(name)?, *shard),
        ObjectKey::Consumer(name, consumer) => {
            CatalogKey::Consumer(uid(name)?, consumer.as_str().to_owned())
        }
        ObjectKey::Reshard(name, reshard) => CatalogKey::Reshard(uid(name)?, reshard.number()),
    })
}

/// Finds the streams' names again when a catalog is read: streams come first in the order of the keys.
#[derive(Debug, Default)]
pub(super) struct StreamNames {
    by_uid: HashMap<StreamUid, StreamName>,
}

/// What is read of a stream's object here; the rest is the domain's.
#[derive(Deserialize)]
struct Identity {
    object: StreamIdentity,
}

#[derive(Deserialize)]
struct StreamIdentity {
    name: StreamName,
    uid: StreamUid,
}

impl StreamNames {
    /// The object under `key`; none if it belongs to a stream that is not there, or to something else than the catalog.
    pub(super) fn object(&mut self, key: &CatalogKey, bytes: &[u8]) -> Option<ObjectKey> {
        let name = |uid: &StreamUid| self.by_uid.get(uid).cloned();
        match key {
            CatalogKey::Account => Some(ObjectKey::Account),
            CatalogKey::Stream(_) => {
                let Identity { object } = serde_json::from_slice(bytes).ok()?;
                self.by_uid.insert(object.uid, object.name.clone());
                Some(ObjectKey::Stream(object.name))
            }
            CatalogKey::Shard(stream, shard) => Some(ObjectKey::Shard(name(stream)?, *shard)),
            CatalogKey::Consumer(stream, consumer) => {
                Some(ObjectKey::Consumer(name(stream)?, consumer.parse().ok()?))
            }
            CatalogKey::Reshard(stream, number) => {
                Some(ObjectKey::Reshard(name(stream)?, ReshardId::new(*number)))
            }
            CatalogKey::Installation(_) => None,
        }
    }
}
