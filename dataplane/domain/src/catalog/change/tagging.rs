//! `AddTagsToStream`, `TagResource` and their opposites: the same rules for streams and for consumers.

use super::{Draft, Resource};
use crate::Timestamp;
use crate::catalog::{ChangeError, Stream, Tags, tags};
use crate::quota::TAGS_PER_RESOURCE_MAX;

/// Asks to put tags on something; those of the same key are replaced.
#[derive(Clone, Debug)]
pub struct AddTags {
    /// What they are put on.
    pub resource: Resource,
    /// The tags.
    pub tags: Tags,
}

impl AddTags {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        change_tags(draft, &self.resource, |existing| {
            tags::check_texts(
                self.tags
                    .iter()
                    .flat_map(|(key, value)| [key.as_str(), value.as_str()]),
            )?;
            existing.extend(self.tags.clone());
            if existing.len() > TAGS_PER_RESOURCE_MAX {
                return Err(ChangeError::TooManyTags {
                    limit: TAGS_PER_RESOURCE_MAX,
                });
            }
            Ok(())
        })
    }
}

/// Asks to take tags off; those that are not there are no error.
#[derive(Clone, Debug)]
pub struct RemoveTags {
    /// What they are taken off.
    pub resource: Resource,
    /// The tags' keys.
    pub keys: Vec<String>,
}

impl RemoveTags {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        change_tags(draft, &self.resource, |existing| {
            tags::check_removed_keys(self.keys.iter().map(String::as_str))?;
            existing.retain(|key, _| !self.keys.contains(key));
            Ok(())
        })
    }
}

fn change_tags(
    draft: &mut Draft,
    resource: &Resource,
    change: impl FnOnce(&mut Tags) -> Result<(), ChangeError>,
) -> Result<(), ChangeError> {
    match resource {
        Resource::Stream(name) => {
            let mut stream = Stream::clone(draft.stream(name)?);
            change(&mut stream.tags)?;
            draft.put_stream(stream);
        }
        Resource::Consumer {
            stream,
            consumer,
            created_secs,
        } => {
            let (mut stream, mut consumer) =
                draft.consumer_of_arn(stream, consumer, *created_secs)?;
            change(&mut consumer.tags)?;
            draft.put_consumer(&mut stream, consumer);
            draft.put_members(stream);
        }
    }
    Ok(())
}
