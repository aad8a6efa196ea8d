//! The rules that are compared: ours, and what others publish of theirs.

mod anabranch;
mod aws_on_demand;
mod hpa;
mod pip_483;
mod pravega;

use crate::stream::{Shard, SimulatedStream};

/// One rule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `anabranch_domain::autoscale`.
    Anabranch,
    /// Kinesis on-demand.
    AwsOnDemand,
    /// Pravega's `AutoScaleProcessor`.
    Pravega,
    /// Pulsar's PIP-483.
    Pip483,
    /// The `HorizontalPodAutoscaler`'s rule with `UpdateShardCount`.
    HpaUniform,
}

/// A rule at work on one stream.
pub(crate) trait Policy {
    /// Looks at the stream at the end of a second, and changes it.
    fn tick(&mut self, stream: &mut SimulatedStream, second: usize);
}

impl Rule {
    pub(crate) const ALL: [Self; 5] = [
        Self::Anabranch,
        Self::AwsOnDemand,
        Self::Pravega,
        Self::Pip483,
        Self::HpaUniform,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Anabranch => "Anabranch",
            Self::AwsOnDemand => "AWS on-demand",
            Self::Pravega => "Pravega",
            Self::Pip483 => "PIP-483",
            Self::HpaUniform => "HPA, uniform",
        }
    }

    pub(crate) fn start(self, seed: u64) -> Box<dyn Policy> {
        match self {
            Self::Anabranch => Box::new(anabranch::Anabranch::new(seed)),
            Self::AwsOnDemand => Box::new(aws_on_demand::AwsOnDemand::new(seed)),
            Self::Pravega => Box::new(pravega::Pravega::new()),
            Self::Pip483 => Box::new(pip_483::Pip483::new()),
            Self::HpaUniform => Box::new(hpa::HpaUniform::new()),
        }
    }

    /// For a load that has always been so.
    pub(crate) fn shards_to_begin_with(self, load: f64) -> usize {
        let per_shard = if self == Self::AwsOnDemand { 0.5 } else { 0.65 };
        (load / per_shard).ceil() as usize
    }
}

/// A running mean of what each shard is offered, by exponentially forgetting over `secs`.
pub(crate) struct Means {
    secs: f64,
    of: std::collections::HashMap<anabranch_domain::ShardId, f64>,
}

impl Means {
    pub(crate) fn over(secs: f64) -> Self {
        Self {
            secs,
            of: std::collections::HashMap::new(),
        }
    }

    /// Takes a second in; shards that are gone are forgotten.
    pub(crate) fn take(&mut self, shards: &[Shard]) {
        let weight = 1.0 / self.secs;
        let before = std::mem::take(&mut self.of);
        for shard in shards {
            let mean = before.get(&shard.id).copied().unwrap_or(shard.offered);
            self.of
                .insert(shard.id, mean + (shard.offered - mean) * weight);
        }
    }

    pub(crate) fn get(&self, shard: &Shard) -> f64 {
        self.of.get(&shard.id).copied().unwrap_or(0.0)
    }
}

/// Even cuts of a shard.
pub(crate) fn even_cuts(shard: &Shard, parts: u32) -> Vec<anabranch_domain::HashKey> {
    let parts = std::num::NonZeroU32::new(parts).and_then(|parts| shard.range.even_split(parts));
    let starts = parts.into_iter().flatten().skip(1);
    starts.map(anabranch_domain::HashKeyRange::start).collect()
}
