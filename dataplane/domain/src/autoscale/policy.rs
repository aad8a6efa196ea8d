//! What the owner of a stream wishes of its autoscaling. Every number of the algorithm that can be chosen is here or is a
//! constant beside its use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A stream's wishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// By which rule.
    pub strategy: Strategy,
    /// Never fewer shards.
    pub min_shards: u32,
    /// Never more shards.
    pub max_shards: u32,
    /// Shards that the stream's warm throughput needs: a floor beside `min_shards`.
    pub warm_shards: u32,
    /// How full a shard should be after a change, as a part of its limit.
    pub target: f64,
    /// How splits are held back.
    pub scale_up: ScalingRules,
    /// How merges are held back. Its window is how long two neighbours must have been quiet.
    pub scale_down: ScalingRules,
    /// What is done with a key that fills a shard.
    pub hot_key: HotKeyPolicy,
    /// A reading that is older is none.
    pub fresh_within: Duration,
    /// Nothing is to be done until it is taken away.
    pub is_paused: bool,
}

/// By which rule shards are split and merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strategy {
    /// Ours: by the load of each shard, at the load's quantiles, within seconds.
    #[default]
    Load,
    /// AWS's on-demand mode: even halves of a shard that is more than half full, capacity for twice the peak of 30 days.
    AwsOnDemand,
}

/// What is done with a key that fills a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HotKeyPolicy {
    /// It gets a shard of its own, and is reported when that is not enough.
    #[default]
    Isolate,
    /// It is reported only.
    Report,
}

/// One direction's patience and rates, as the `HorizontalPodAutoscaler` means them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScalingRules {
    /// How long the wish must have lasted.
    pub stabilization: Duration,
    /// At most so much in so long; without any there is no such bound.
    pub policies: Vec<RatePolicy>,
    /// Which of several policies counts.
    pub select: SelectPolicy,
}

/// At most so much in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatePolicy {
    /// What `value` counts.
    pub unit: RateUnit,
    /// So much.
    pub value: u32,
    /// In so long.
    pub period: Duration,
}

/// What a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateUnit {
    /// Shards.
    Shards,
    /// Hundredths of the shards that there were at the period's start.
    Percent,
}

/// Which of several policies counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelectPolicy {
    /// The one that lets most through.
    #[default]
    Max,
    /// The one that lets least through.
    Min,
    /// None: this direction is off.
    Disabled,
}

impl Policy {
    /// How long neighbours must have been quiet, unless somebody says otherwise.
    pub const MERGE_WINDOW: Duration = Duration::from_mins(15);
    /// How fast shards are merged, unless somebody says otherwise.
    pub const MERGE_RATE: RatePolicy = RatePolicy {
        unit: RateUnit::Percent,
        value: 25,
        period: Duration::from_secs(30),
    };
    /// How full a shard should be after a change, unless somebody says otherwise.
    pub const TARGET: f64 = 0.65;

    /// Ours, with these bounds and nothing else chosen.
    pub fn new(min_shards: u32, max_shards: u32) -> Self {
        Self {
            strategy: Strategy::Load,
            min_shards,
            max_shards,
            warm_shards: 0,
            target: Self::TARGET,
            scale_up: ScalingRules::default(),
            scale_down: ScalingRules {
                stabilization: Self::MERGE_WINDOW,
                policies: vec![Self::MERGE_RATE],
                select: SelectPolicy::Max,
            },
            hot_key: HotKeyPolicy::Isolate,
            fresh_within: Duration::from_mins(1),
            is_paused: false,
        }
    }

    /// Merges do not go below this.
    pub fn floor(&self) -> u32 {
        self.min_shards
            .max(self.warm_shards)
            .clamp(1, self.max_shards.max(1))
    }

    /// Above this over 15 s, a shard is about to refuse records.
    pub fn split_above_fast(&self) -> f64 {
        self.split_above_slow().max(0.95)
    }

    /// Above this over a minute, a shard has too little room for a peak.
    pub fn split_above_slow(&self) -> f64 {
        (self.target + 0.15).min(0.97)
    }

    /// Below this together, two neighbours may be one. Less than the target, so that what was merged is not split again.
    pub fn merge_below(&self) -> f64 {
        (self.target - 0.05).max(0.05)
    }
}
