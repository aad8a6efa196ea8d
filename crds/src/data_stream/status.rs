//! What is known of a stream: written by the operator, never by a user.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;

/// What is known of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataStreamStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What holds of the stream, and since when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// How many shards there are.
    #[serde(default)]
    pub shards: StreamCounts,
    /// The stream's ARN in the Kinesis API.
    #[serde(default, rename = "streamARN", skip_serializing_if = "Option::is_none")]
    pub stream_arn: Option<String>,
    /// When the stream was created (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_creation_timestamp: Option<String>,
    /// Registered enhanced fan-out consumers.
    #[serde(default)]
    pub consumers: u32,
}

/// Shards by phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamCounts {
    /// Taking puts.
    #[serde(default)]
    pub open: u32,
    /// Split or merged, their records still within the retention.
    #[serde(default)]
    pub closed: u32,
}
