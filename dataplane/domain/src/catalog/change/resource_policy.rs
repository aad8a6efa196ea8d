//! `PutResourcePolicy` and `DeleteResourcePolicy`: the document is kept as it was given; what it means is `access`'s.

use super::{Draft, Resource};
use crate::Timestamp;
use crate::catalog::{ChangeError, Stream};

/// Asks to set who else may do what with something.
#[derive(Clone, Debug)]
pub struct PutResourcePolicy {
    /// With what.
    pub resource: Resource,
    /// The policy document.
    pub policy: String,
}

impl PutResourcePolicy {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        replace_policy(draft, &self.resource, Some(self.policy.clone())).map(drop)
    }
}

/// Asks that nobody else may do anything with it.
#[derive(Clone, Debug)]
pub struct DeleteResourcePolicy {
    /// With what.
    pub resource: Resource,
}

impl DeleteResourcePolicy {
    pub(super) fn apply(&self, draft: &mut Draft, _now: Timestamp) -> Result<(), ChangeError> {
        match replace_policy(draft, &self.resource, None)? {
            Some(_) => Ok(()),
            None => Err(ChangeError::PolicyNotFound),
        }
    }
}

/// The policy that was there before.
fn replace_policy(
    draft: &mut Draft,
    resource: &Resource,
    policy: Option<String>,
) -> Result<Option<String>, ChangeError> {
    match resource {
        Resource::Stream(name) => {
            let mut stream = Stream::clone(draft.stream(name)?);
            let before = std::mem::replace(&mut stream.resource_policy, policy);
            draft.put_stream(stream);
            Ok(before)
        }
        Resource::Consumer {
            stream,
            consumer,
            created_secs,
        } => {
            let (mut stream, mut consumer) =
                draft.consumer_of_arn(stream, consumer, *created_secs)?;
            let before = std::mem::replace(&mut consumer.resource_policy, policy);
            draft.put_consumer(&mut stream, consumer);
            draft.put_members(stream);
            Ok(before)
        }
    }
}
