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
    /// By which rule: `Load` (each shard by its own load, within seconds) or `AwsOnDemand` (as Kinesis' on-demand mode: even
    /// halves of shards that are more than half full, capacity for twice the peak of 30 days).
    #[serde(default)]
    pub strategy: AutoscalingStrategy,
    /// What is done with a partition key that fills a shard: `Isolate` (it gets a shard of its own, and is reported when that
    /// is not enough) or `Report` (it is only reported).
    #[serde(default)]
    pub hot_key: HotKeyPolicy,
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

/// By which rule shards are split and merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum AutoscalingStrategy {
    /// Each shard by its own load, cut where the load is halved, within seconds.
    #[default]
    Load,
    /// As Kinesis' on-demand mode.
    AwsOnDemand,
}

/// What is done with a partition key that fills a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum HotKeyPolicy {
    /// It gets a shard of its own.
    #[default]
    Isolate,
    /// It is reported.
    Report,
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

/// One direction's rates and patience.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalingRules {
    /// How long the wish must have lasted, in seconds; when left out, 0 for splits and 900 for merges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self <= 14400").message(refusal::STABILIZATION_WINDOW))]
    pub stabilization_window_seconds: Option<u32>,
    /// Which of several policies counts: `Max` (the one that lets most through), `Min`, or `Disabled` (this direction is
    /// off).
    #[serde(default)]
    pub select_policy: SelectPolicy,
    /// At most so much in so long. When left out, splits have no such bound, and merges take a quarter of the shards in 30
    /// seconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub policies: Vec<ScalingPolicy>,
}

/// At most so much in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalingPolicy {
    /// What `value` counts: `Shards`, or `Percent` of those that there were when the period began.
    #[serde(rename = "type")]
    pub kind: ScalingPolicyKind,
    /// So much.
    #[x_kube(validation = Rule::new("self >= 1").message(refusal::SCALING_POLICY))]
    pub value: u32,
    /// In so many seconds.
    #[x_kube(validation = Rule::new("self >= 1 && self <= 1800").message(refusal::SCALING_POLICY))]
    pub period_seconds: u32,
}

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ScalingPolicyKind {
    /// Shards.
    Shards,
    /// Hundredths of the shards that there were when the period began.
    Percent,
}

/// Which of several policies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum SelectPolicy {
    /// The one that lets most through.
    #[default]
    Max,
    /// The one that lets least through.
    Min,
    /// None: this direction is off.
    Disabled,
}
