//! `RegisterStreamConsumer`, `DeregisterStreamConsumer`, and the steps that follow them.

use super::Draft;
use crate::catalog::stream::count;
use crate::catalog::{ChangeError, Consumer, ConsumerStatus, Stream, StreamMode, Tags, tags};
use crate::quota::TAGS_PER_RESOURCE_MAX;
use crate::{ConsumerName, StreamName, Timestamp};

/// Asks to read a stream by enhanced fan-out.
#[derive(Clone, Debug)]
pub struct RegisterConsumer {
    /// The stream.
    pub stream: StreamName,
    /// The consumer's name in it.
    pub consumer: ConsumerName,
    /// The owner's labels.
    pub tags: Tags,
}

impl RegisterConsumer {
    pub(super) fn apply(&self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let before = draft.serving_stream(&self.stream)?;
        if let Some(existing) = before.consumers.get(&self.consumer) {
            let (stream, consumer) = (self.stream.clone(), self.consumer.clone());
            return Err(match existing.status {
                ConsumerStatus::Deleting => ChangeError::ConsumerDeleting { stream, consumer },
                ConsumerStatus::Creating | ConsumerStatus::Active => {
                    ChangeError::ConsumerExists { stream, consumer }
                }
            });
        }
        tags::check_texts(
            self.tags
                .iter()
                .flat_map(|(key, value)| [key.as_str(), value.as_str()]),
        )?;
        if self.tags.len() > TAGS_PER_RESOURCE_MAX {
            return Err(ChangeError::TooManyTags {
                limit: TAGS_PER_RESOURCE_MAX,
            });
        }
        check_quotas(draft, before, now)?;
        let mut stream = Stream::clone(before);
        let consumer = Consumer {
            name: self.consumer.clone(),
            created: now,
            status: ConsumerStatus::Creating,
            tags: self.tags.clone(),
            resource_policy: None,
        };
        draft.put_consumer(&mut stream, consumer);
        draft.put_members(stream);
        Ok(())
    }
}

fn check_quotas(draft: &Draft, stream: &Stream, now: Timestamp) -> Result<(), ChangeError> {
    let has_advantage = stream.mode == StreamMode::OnDemand
        && draft.snapshot.account.billing_commitment.is_enabled_at(now);
    let limits = draft.limits();
    let limit = if has_advantage {
        limits.consumers_per_advantage_stream
    } else {
        limits.consumers_per_stream
    };
    let registered = count(stream.consumers.keys());
    if let Some(limit) = limit
        && registered >= limit
    {
        return Err(ChangeError::TooManyConsumers {
            count: registered,
            limit,
        });
    }
    let creating = stream.creating_consumer_count();
    if let Some(limit) = limits.creating_consumers
        && creating >= limit
    {
        return Err(ChangeError::TooManyCreatingConsumers { creating, limit });
    }
    Ok(())
}

/// Says that a new consumer may subscribe.
#[derive(Clone, Debug)]
pub struct ConsumerBecameActive {
    /// The stream.
    pub stream: StreamName,
    /// The consumer.
    pub consumer: ConsumerName,
}

impl ConsumerBecameActive {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let (mut stream, consumer) = draft.consumer(&self.stream, &self.consumer)?;
        if consumer.status == ConsumerStatus::Creating {
            draft.put_consumer(
                &mut stream,
                Consumer {
                    status: ConsumerStatus::Active,
                    ..consumer
                },
            );
            draft.put_members(stream);
        }
        Ok(())
    }
}

/// Asks for the end of a consumer.
#[derive(Clone, Debug)]
pub struct DeregisterConsumer {
    /// The stream.
    pub stream: StreamName,
    /// The consumer.
    pub consumer: ConsumerName,
}

impl DeregisterConsumer {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let (mut stream, consumer) = draft.consumer(&self.stream, &self.consumer)?;
        draft.put_consumer(
            &mut stream,
            Consumer {
                status: ConsumerStatus::Deleting,
                ..consumer
            },
        );
        draft.put_members(stream);
        Ok(())
    }
}

/// Says that nothing of a deregistered consumer is left.
#[derive(Clone, Debug)]
pub struct ConsumerGone {
    /// The stream.
    pub stream: StreamName,
    /// The consumer.
    pub consumer: ConsumerName,
}

impl ConsumerGone {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        let (mut stream, consumer) = draft.consumer(&self.stream, &self.consumer)?;
        if consumer.status == ConsumerStatus::Deleting {
            draft.remove_consumer(&mut stream, &self.consumer);
            draft.put_members(stream);
        }
        Ok(())
    }
}
