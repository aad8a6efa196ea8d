//! One rule, one scenario, one skew, one seed.

use crate::keys::Keys;
use crate::noise::normal;
use crate::policies::Rule;
use crate::scenario::{Scenario, WARM_UP};
use crate::stream::SimulatedStream;

/// One second as it was.
#[derive(Clone, Copy)]
pub(crate) struct Second {
    pub(crate) offered: f64,
    /// Refused, less what one key makes unavoidable.
    pub(crate) refused: f64,
    pub(crate) shards: f64,
}

/// One run, without its warm-up.
pub(crate) struct Outcome {
    pub(crate) seconds: Vec<Second>,
    pub(crate) operations: u64,
}

impl Outcome {
    /// A quantity's mean of each minute.
    pub(crate) fn by_minute(&self, of: impl Fn(&Second) -> f64) -> Vec<f64> {
        let minutes = self.seconds.chunks(60);
        let mean = |minute: &[Second]| minute.iter().map(&of).sum::<f64>() / minute.len() as f64;
        // Three digits are what a plot shows.
        minutes
            .map(|minute| (mean(minute) * 1e3).round() / 1e3)
            .collect()
    }
}

pub(crate) fn simulate(scenario: &Scenario, rule: Rule, skew: f64, seed: u64) -> Outcome {
    // The keys and the load are the same for every rule.
    let mut random = fastrand::Rng::with_seed(seed ^ skew.to_bits());
    let keys = Keys::new(skew, &mut random);
    let mut stream = SimulatedStream::new(keys, rule.shards_to_begin_with(scenario.base));
    let mut policy = rule.start(seed);
    let (mut drift, mut operations_before) = (0.0, 0);
    let mut seconds = Vec::with_capacity(scenario.seconds);
    for second in 0..WARM_UP + scenario.seconds {
        drift = 0.95 * drift + 0.015 * normal(&mut random);
        let load = scenario.load(second) * (1.0 + drift).max(0.0);
        stream.advance(second);
        let shape = scenario.shape(second);
        let taken = stream.take(load, shape, second, rule == Rule::Anabranch, &mut random);
        policy.tick(&mut stream, second);
        if second < WARM_UP {
            operations_before = stream.operations;
            continue;
        }
        seconds.push(Second {
            offered: taken.offered,
            refused: (taken.refused - taken.unavoidable).max(0.0),
            shards: stream.shards.len() as f64,
        });
    }
    Outcome {
        seconds,
        operations: stream.operations - operations_before,
    }
}
