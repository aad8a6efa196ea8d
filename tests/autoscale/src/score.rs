//! The figures of the page.

use serde::Serialize;

use crate::simulation::Outcome;

/// Over all runs of one rule in one scenario.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Score {
    /// Refused of what was offered, less what one key makes unavoidable.
    pub(crate) throttled_percent: f64,
    /// The worst run's.
    pub(crate) throttled_percent_worst: f64,
    /// From the first refused record of an overload to its last.
    pub(crate) resolved_p50_secs: f64,
    pub(crate) resolved_p99_secs: f64,
    /// Overloads.
    pub(crate) overloads: usize,
    /// Shard-hours over those of one who knows the future and changes for free.
    pub(crate) cost_free: f64,
    /// The same, of one who keeps every shard for 15 minutes.
    pub(crate) cost_dwell: f64,
    /// Splits and merges.
    pub(crate) operations_per_day: f64,
}

/// Refused less than this part of a second's load is no overload: a peak of one second in a shard that is nearly full.
const OVERLOAD_FROM: f64 = 0.01;
/// An overload is over when nothing was refused for so long.
const OVER_AFTER_SECS: usize = 60;
/// How long the one who knows the future keeps a shard.
const DWELL_SECS: usize = 15 * 60;

impl Score {
    pub(crate) fn of(outcomes: &[Outcome]) -> Self {
        let shares: Vec<_> = outcomes.iter().map(throttled).collect();
        let mut overloads: Vec<_> = outcomes.iter().flat_map(overloads).collect();
        overloads.sort_unstable();
        let shard_secs: f64 = outcomes.iter().map(shard_secs).sum();
        let free: f64 = outcomes
            .iter()
            .map(|it| needed(it).iter().sum::<f64>())
            .sum();
        let dwell: f64 = outcomes
            .iter()
            .map(|it| kept(&needed(it)).sum::<f64>())
            .sum();
        let days: f64 = outcomes
            .iter()
            .map(|it| it.seconds.len() as f64 / 86_400.0)
            .sum();
        let operations: u64 = outcomes.iter().map(|it| it.operations).sum();
        Self {
            throttled_percent: 100.0 * shares.iter().sum::<f64>() / shares.len() as f64,
            throttled_percent_worst: 100.0 * shares.iter().copied().fold(0.0, f64::max),
            resolved_p50_secs: quantile(&overloads, 0.5),
            resolved_p99_secs: quantile(&overloads, 0.99),
            overloads: overloads.len(),
            cost_free: shard_secs / free,
            cost_dwell: shard_secs / dwell,
            operations_per_day: operations as f64 / days,
        }
    }
}

fn throttled(outcome: &Outcome) -> f64 {
    let offered: f64 = outcome.seconds.iter().map(|it| it.offered).sum();
    outcome.seconds.iter().map(|it| it.refused).sum::<f64>() / offered
}

fn shard_secs(outcome: &Outcome) -> f64 {
    outcome.seconds.iter().map(|it| it.shards).sum()
}

fn overloads(outcome: &Outcome) -> Vec<usize> {
    let refused = outcome.seconds.iter().enumerate();
    let refused = refused.filter(|(_, it)| it.refused > OVERLOAD_FROM * it.offered);
    let mut lengths = Vec::new();
    let mut current: Option<(usize, usize)> = None;
    for (second, _) in refused {
        current = match current {
            Some((first, last)) if second - last <= OVER_AFTER_SECS => Some((first, second)),
            Some((first, last)) => {
                lengths.push(last - first + 1);
                Some((second, second))
            }
            None => Some((second, second)),
        };
    }
    lengths.extend(current.map(|(first, last)| last - first + 1));
    lengths
}

/// The shards that each second needs, if the load could be cut anywhere.
fn needed(outcome: &Outcome) -> Vec<f64> {
    let loads = outcome.seconds.iter().map(|it| it.offered);
    loads.map(|load| load.ceil().max(1.0)).collect()
}

/// The same, with each shard kept for a while: the greatest need of the last minutes.
fn kept(needed: &[f64]) -> impl Iterator<Item = f64> + '_ {
    let mut greatest = std::collections::VecDeque::new();
    needed.iter().enumerate().map(move |(second, &need)| {
        while greatest
            .back()
            .is_some_and(|&(_, least): &(usize, f64)| least <= need)
        {
            greatest.pop_back();
        }
        greatest.push_back((second, need));
        while greatest
            .front()
            .is_some_and(|&(when, _)| when + DWELL_SECS <= second)
        {
            greatest.pop_front();
        }
        greatest.front().map_or(need, |&(_, most)| most)
    })
}

fn quantile(sorted: &[usize], part: f64) -> f64 {
    let place = (part * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(place).copied().unwrap_or(0) as f64
}
