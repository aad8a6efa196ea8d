//! The catalog's objects as they are stored, each for itself: a change writes only what it touched.
//!
//! An object is JSON with a format version, so that a person can read it and a later release can still. Names of members
//! never change; a later member comes with a default.

use std::sync::Arc;

use imbl::OrdMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Account, Consumer, Reshard, ReshardId, Shard, Snapshot, Stream};
use crate::lineage::TilingBroken;
use crate::quota::Limits;
use crate::{ConsumerName, ShardId, StreamName};

/// The format that is written; the only one so far that is read.
const FORMAT: u32 = 1;

/// Names one stored object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKey {
    /// The account.
    Account,
    /// A stream's settings.
    Stream(StreamName),
    /// One shard of a stream.
    Shard(StreamName, ShardId),
    /// One consumer of a stream.
    Consumer(StreamName, ConsumerName),
    /// One reshard of a stream.
    Reshard(StreamName, ReshardId),
}

impl ObjectKey {
    /// The stream that it is, or is of.
    pub fn stream(&self) -> Option<&StreamName> {
        match self {
            Self::Account => None,
            Self::Stream(name)
            | Self::Shard(name, _)
            | Self::Consumer(name, _)
            | Self::Reshard(name, _) => Some(name),
        }
    }
}

/// Why stored objects make no catalog.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The bytes are no object of this kind.
    #[error("read {key:?}")]
    Unreadable {
        /// Which object.
        key: ObjectKey,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A newer release wrote it.
    #[error("{key:?} has format {format}; this release reads up to {FORMAT}")]
    UnknownFormat {
        /// Which object.
        key: ObjectKey,
        /// Its format.
        format: u32,
    },
    /// It belongs to a stream that is not there.
    #[error("{key:?} is of no stream")]
    Orphan {
        /// Which object.
        key: ObjectKey,
    },
    /// A stream's shards leave a gap or overlap.
    #[error("restore stream {stream}")]
    Tiling {
        /// Which stream.
        stream: StreamName,
        /// What is wrong with it.
        source: TilingBroken,
    },
}

#[derive(Serialize, Deserialize)]
struct Stored<T> {
    format: u32,
    object: T,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

fn encode<T: Serialize>(object: &T) -> Vec<u8> {
    serde_json::to_vec(&Stored {
        format: FORMAT,
        object,
    })
    .expect("catalog objects have only text keys")
}

fn decode<T: DeserializeOwned>(key: &ObjectKey, bytes: &[u8]) -> Result<T, RestoreError> {
    let unreadable = |source| RestoreError::Unreadable {
        key: key.clone(),
        source,
    };
    let FormatOnly { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if format != FORMAT {
        return Err(RestoreError::UnknownFormat {
            key: key.clone(),
            format,
        });
    }
    serde_json::from_slice::<Stored<T>>(bytes)
        .map(|stored| stored.object)
        .map_err(unreadable)
}

impl Snapshot {
    /// The bytes to store under this key; none when the object is gone, so that what is stored must go too.
    pub fn object_bytes(&self, key: &ObjectKey) -> Option<Vec<u8>> {
        match key {
            ObjectKey::Account => Some(encode(&*self.account)),
            ObjectKey::Stream(name) => self.streams.get(name).map(|stream| encode(&**stream)),
            ObjectKey::Shard(name, id) => self
                .streams
                .get(name)?
                .shards
                .get(id)
                .map(|shard| encode(&**shard)),
            ObjectKey::Consumer(name, id) => self
                .streams
                .get(name)?
                .consumers
                .get(id)
                .map(|it| encode(&**it)),
            ObjectKey::Reshard(name, id) => self
                .streams
                .get(name)?
                .reshards
                .get(id)
                .map(|it| encode(&**it)),
        }
    }
}

/// Puts a catalog together from its stored objects: streams before what belongs to them.
pub struct Restore {
    snapshot: Snapshot,
    /// The streams so far, not checked yet.
    streams: OrdMap<StreamName, Arc<Stream>>,
    /// The stream that objects are being added to; apart from the others so that its maps are not copied each time.
    current: Option<Stream>,
}

impl Restore {
    /// Begins with the account that is configured; a stored one replaces its settings.
    pub fn new(account: Account, limits: Limits) -> Self {
        Self {
            snapshot: Snapshot::new(account, limits),
            streams: OrdMap::new(),
            current: None,
        }
    }

    /// Adds one object. A stream comes before its shards, consumers and reshards; the objects of one stream come together
    /// for speed, not for the result.
    pub fn add(&mut self, key: &ObjectKey, bytes: &[u8]) -> Result<(), RestoreError> {
        match key {
            ObjectKey::Account => {
                let stored: Account = decode(key, bytes)?;
                Arc::make_mut(&mut self.snapshot.account).billing_commitment =
                    stored.billing_commitment;
            }
            ObjectKey::Stream(_) => {
                self.put_current_back();
                self.current = Some(decode(key, bytes)?);
            }
            ObjectKey::Shard(name, id) => {
                let shard: Shard = decode(key, bytes)?;
                self.stream(key, name)?.shards.insert(*id, Arc::new(shard));
            }
            ObjectKey::Consumer(name, id) => {
                let consumer: Consumer = decode(key, bytes)?;
                self.stream(key, name)?
                    .consumers
                    .insert(id.clone(), Arc::new(consumer));
            }
            ObjectKey::Reshard(name, id) => {
                let reshard: Reshard = decode(key, bytes)?;
                self.stream(key, name)?
                    .reshards
                    .insert(*id, Arc::new(reshard));
            }
        }
        Ok(())
    }

    /// The catalog, once every object was added; refused when a stream's shards do not tile.
    pub fn finish(mut self) -> Result<Snapshot, RestoreError> {
        self.put_current_back();
        let mut snapshot = self.snapshot;
        for (name, mut stream) in self.streams {
            Arc::make_mut(&mut stream)
                .rebuild_open_shards()
                .map_err(|source| RestoreError::Tiling {
                    stream: name,
                    source,
                })?;
            snapshot.put_stream(stream);
        }
        Ok(snapshot)
    }

    fn put_current_back(&mut self) {
        if let Some(stream) = self.current.take() {
            self.streams.insert(stream.name.clone(), Arc::new(stream));
        }
    }

    fn stream(&mut self, key: &ObjectKey, name: &StreamName) -> Result<&mut Stream, RestoreError> {
        if self
            .current
            .as_ref()
            .is_none_or(|stream| stream.name != *name)
        {
            self.put_current_back();
            let orphan = || RestoreError::Orphan { key: key.clone() };
            let stream = self.streams.remove(name).ok_or_else(orphan)?;
            self.current = Some(Arc::unwrap_or_clone(stream));
        }
        Ok(self.current.as_mut().expect("it has just been set"))
    }
}
