//! What is known of a consumer: written by the operator, never by a user.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{condition::Condition, time::Time};

/// What is known of the consumer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamConsumerStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What holds of the consumer, and since when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    #[schemars(length(max = 32))]
    pub conditions: Vec<Condition>,
    /// Where it is in its life: `Creating`, `Active` (may subscribe), `Deleting`.
    #[serde(default)]
    pub phase: StreamConsumerPhase,
    /// The consumer's ARN in the Kinesis API.
    #[serde(
        default,
        rename = "consumerARN",
        skip_serializing_if = "Option::is_none"
    )]
    pub consumer_arn: Option<String>,
    /// When it was registered; its seconds are part of the ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<Time>,
}

/// Where a consumer is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum StreamConsumerPhase {
    /// Being registered.
    #[default]
    Creating,
    /// May subscribe.
    Active,
    /// On its way out.
    Deleting,
}
