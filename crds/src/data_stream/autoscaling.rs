//! How the number of shards follows the traffic.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refusal;

/// Bounds and manners of automatic splits and merges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.minShards <= self.maxShards").message(refusal::AUTOSCALING_BOUNDS))]
pub struct Autoscaling {
    /// Never fewer open shards than this.
    #[x_kube(validation = Rule::new("self >= 1 && self <= 10000").message(refusal::SHARDS))]
    pub min_shards: u32,
    /// Never more open shards than this.
    #[x_kube(validation = Rule::new("self >= 1 && self <= 10000").message(refusal::SHARDS))]
    pub max_shards: u32,
    /// How full a shard should be after a change, in percent of its write limits.
    #[serde(default = "Autoscaling::default_target_utilization_percent")]
    #[x_kube(validation = Rule::new("self >= 10 && self <= 95").message(refusal::TARGET_UTILIZATION))]
    pub target_utilization_percent: u32,
    /// How fast it may go up and down.
    #[serde(default)]
    pub behavior: AutoscalingBehavior,
    /// Only say what would be done, in events and status.
    #[serde(default)]
    pub dry_run: bool,
}

impl Autoscaling {
    fn default_target_utilization_percent() -> u32 {
        65
    }
}

/// Rates and patience, each direction apart, as the `HorizontalPodAutoscaler` spells them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoscalingBehavior {
    /// For splits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_up: Option<ScalingRules>,
    /// For merges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<ScalingRules>,
}

/// One direction's rate and patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalingRules {
    /// How long the wish must have lasted, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stabilization_window_seconds: Option<u32>,
    /// At most this percentage of the open shards may change in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_percent_per_minute: Option<u32>,
}
