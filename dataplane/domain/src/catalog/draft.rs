//! A snapshot that is being changed, and the list of what was touched. Thrown away when a rule says no.

use std::sync::Arc;

use super::{ChangeError, Consumer, ObjectKey, Reshard, Shard, Snapshot, Stream, StreamStatus};
use crate::quota::Limits;
use crate::{ConsumerName, ShardId, StreamName, StreamUid};

/// The next snapshot, before it is one.
pub(super) struct Draft {
    pub(super) snapshot: Snapshot,
    touched: Vec<ObjectKey>,
}

impl Draft {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        Self {
            snapshot: snapshot.clone(),
            touched: Vec::new(),
        }
    }

    pub(super) fn finish(mut self) -> (Snapshot, Vec<ObjectKey>) {
        self.snapshot.version += 1;
        (self.snapshot, self.touched)
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.snapshot.limits
    }

    pub(super) fn stream(&self, name: &StreamName) -> Result<&Arc<Stream>, ChangeError> {
        self.snapshot
            .streams
            .get(name)
            .ok_or_else(|| ChangeError::StreamNotFound {
                stream: name.clone(),
            })
    }

    pub(super) fn active_stream(&self, name: &StreamName) -> Result<&Arc<Stream>, ChangeError> {
        let stream = self.stream(name)?;
        if stream.status == StreamStatus::Active {
            Ok(stream)
        } else {
            Err(ChangeError::StreamNotActive {
                stream: name.clone(),
                status: stream.status,
            })
        }
    }

    /// The stream for what may be done while it is resharded, but not before it is there or when it is leaving.
    pub(super) fn serving_stream(&self, name: &StreamName) -> Result<&Arc<Stream>, ChangeError> {
        let stream = self.stream(name)?;
        if stream.is_serving() {
            Ok(stream)
        } else {
            Err(ChangeError::StreamNotActive {
                stream: name.clone(),
                status: stream.status,
            })
        }
    }

    /// The stream for a step of our own, which must not meet a later stream of the same name.
    pub(super) fn stream_of_uid(
        &self,
        name: &StreamName,
        uid: StreamUid,
    ) -> Result<&Arc<Stream>, ChangeError> {
        let stream = self.stream(name)?;
        if stream.uid == uid {
            Ok(stream)
        } else {
            Err(ChangeError::StreamReplaced {
                stream: name.clone(),
            })
        }
    }

    pub(super) fn put_stream(&mut self, stream: Stream) {
        self.touched.push(ObjectKey::Stream(stream.name.clone()));
        self.snapshot.put_stream(Arc::new(stream));
    }

    /// Puts a stream back of which only members changed, which are objects of their own and touched already.
    pub(super) fn put_members(&mut self, stream: Stream) {
        self.snapshot.put_stream(Arc::new(stream));
    }

    /// The consumer of this name that is registered now.
    pub(super) fn consumer(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
    ) -> Result<(Stream, Consumer), ChangeError> {
        let stream = self.stream(stream)?;
        let found =
            stream
                .consumers
                .get(consumer)
                .ok_or_else(|| ChangeError::ConsumerNotFound {
                    stream: stream.name.clone(),
                    consumer: consumer.clone(),
                })?;
        Ok((Stream::clone(stream), Consumer::clone(found)))
    }

    /// The very registration that an ARN names.
    pub(super) fn consumer_of_arn(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
        created_secs: u64,
    ) -> Result<(Stream, Consumer), ChangeError> {
        let (stream, found) = self.consumer(stream, consumer)?;
        if found.created.as_secs() == created_secs {
            Ok((stream, found))
        } else {
            Err(ChangeError::ConsumerNotFound {
                stream: stream.name,
                consumer: found.name,
            })
        }
    }

    pub(super) fn remove_stream(&mut self, name: &StreamName) {
        let Some(stream) = self.snapshot.take_stream(name) else {
            return;
        };
        self.touched.extend(
            stream
                .shards
                .keys()
                .map(|id| ObjectKey::Shard(name.clone(), *id)),
        );
        self.touched.extend(
            stream
                .consumers
                .keys()
                .map(|id| ObjectKey::Consumer(name.clone(), id.clone())),
        );
        self.touched.extend(
            stream
                .reshards
                .keys()
                .map(|id| ObjectKey::Reshard(name.clone(), *id)),
        );
        self.touched.push(ObjectKey::Stream(name.clone()));
    }

    pub(super) fn touch_account(&mut self) {
        self.touched.push(ObjectKey::Account);
    }

    /// Puts a shard into a stream that the caller puts into the draft afterwards.
    pub(super) fn put_shard(&mut self, stream: &mut Stream, shard: Shard) {
        self.touched
            .push(ObjectKey::Shard(stream.name.clone(), shard.id));
        stream.shards.insert(shard.id, Arc::new(shard));
    }

    pub(super) fn remove_shard(&mut self, stream: &mut Stream, id: ShardId) {
        self.touched.push(ObjectKey::Shard(stream.name.clone(), id));
        stream.shards.remove(&id);
    }

    pub(super) fn put_consumer(&mut self, stream: &mut Stream, consumer: Consumer) {
        self.touched.push(ObjectKey::Consumer(
            stream.name.clone(),
            consumer.name.clone(),
        ));
        stream
            .consumers
            .insert(consumer.name.clone(), Arc::new(consumer));
    }

    pub(super) fn remove_consumer(&mut self, stream: &mut Stream, name: &ConsumerName) {
        self.touched
            .push(ObjectKey::Consumer(stream.name.clone(), name.clone()));
        stream.consumers.remove(name);
    }

    /// Puts a reshard into the stream's history and drops the oldest finished one where there are too many.
    pub(super) fn put_reshard(&mut self, stream: &mut Stream, reshard: Reshard) {
        self.touched
            .push(ObjectKey::Reshard(stream.name.clone(), reshard.id));
        stream.reshards.insert(reshard.id, Arc::new(reshard));
        if stream.reshards.len() > crate::quota::RESHARD_HISTORY_MAX {
            let (oldest, _) = stream
                .reshards
                .get_min()
                .cloned()
                .expect("it has just been filled");
            self.touched
                .push(ObjectKey::Reshard(stream.name.clone(), oldest));
            stream.reshards.remove(&oldest);
        }
    }
}
