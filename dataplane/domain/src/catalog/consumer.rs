//! A registered enhanced fan-out consumer.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::{ConsumerName, Timestamp};

/// Where a consumer is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConsumerStatus {
    /// Being registered.
    Creating,
    /// May subscribe.
    Active,
    /// On its way out.
    Deleting,
}

impl ConsumerStatus {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Deleting => "DELETING",
        }
    }
}

/// A consumer of one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    /// Its name in the stream.
    pub name: ConsumerName,
    /// When it was registered; its seconds are part of the ARN.
    pub created: Timestamp,
    /// Where it is in its life.
    pub status: ConsumerStatus,
    /// The owner's labels.
    #[serde(default)]
    pub tags: Tags,
    /// Who else may subscribe as it: the policy document as it was given.
    #[serde(default)]
    pub resource_policy: Option<String>,
}
