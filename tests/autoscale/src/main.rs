//! What the autoscaler's rule does to streams over hours and days, second by second, beside the rules of others.
//!
//! Runs the product's own decision ([`anabranch_domain::autoscale`]) and its own load sketch; simulated are keys, load, metrics
//! that are scraped, and the time that a reshard takes. Writes figures as JSON; `plot.py` and `page.py` make them readable.
//! The same arguments give the same bytes.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "seconds, shards and shares of a simulation: small, and not exact to begin with"
)]

mod keys;
mod noise;
mod policies;
mod scenario;
mod score;
mod simulation;
mod stream;
mod trace;

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use crate::policies::Rule;
use crate::scenario::Scenario;
use crate::score::Score;

/// How the load lies over the keys: the exponents of Zipf's law.
const SKEWS: [f64; 3] = [0.6, 1.0, 1.5];

/// What became of one rule in one scenario, over all skews and seeds.
#[derive(Serialize)]
struct Row {
    scenario: String,
    rule: &'static str,
    score: Score,
}

/// A course of one run, for the plot.
#[derive(Serialize)]
struct Course {
    scenario: String,
    rule: &'static str,
    load: Vec<f64>,
    shards: Vec<f64>,
    throttled: Vec<f64>,
}

#[derive(Serialize)]
struct Report {
    seeds: Vec<u64>,
    skews: Vec<f64>,
    traces: Vec<String>,
    rows: Vec<Row>,
    courses: Vec<Course>,
}

/// `anabranch-autoscale-report [--seeds 101,102] [--only NAME] [--skew 1.0] [--ours] [--traces DIR] OUT.json`
fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (mut seeds, mut traces, mut out) = (vec![101, 102, 103], None, None);
    let (mut only, mut rules) = (None, Rule::ALL.to_vec());
    let mut skews = SKEWS.to_vec();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().context("a value is missing");
        match argument.as_str() {
            "--seeds" => {
                let seeds_text = value()?;
                let numbers = seeds_text.split(',').map(str::parse);
                seeds = numbers.collect::<Result<_, _>>().context("seeds")?;
            }
            "--only" => only = Some(value()?),
            "--skew" => skews = vec![value()?.parse().context("skew")?],
            "--ours" => rules = vec![Rule::Anabranch],
            "--traces" => traces = Some(PathBuf::from(value()?)),
            _ => out = Some(PathBuf::from(argument)),
        }
    }
    let out = out.context("say where to write to")?;
    let mut scenarios = Scenario::generated();
    let mut names = Vec::new();
    if let Some(folder) = traces {
        for (name, trace) in trace::read_folder(&folder)? {
            names.push(name.clone());
            scenarios.push(Scenario::of_trace(name, trace));
        }
    }
    if let Some(only) = &only {
        scenarios.retain(|scenario| scenario.name.contains(only));
    }
    let report = run(&scenarios, &rules, seeds, skews, names);
    std::fs::write(&out, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("write {}", out.display()))?;
    for row in &report.rows {
        let Score {
            throttled_percent,
            resolved_p50_secs,
            resolved_p99_secs,
            cost_free,
            cost_dwell,
            operations_per_day,
            ..
        } = row.score;
        println!(
            "{:28} {:14} throttled {throttled_percent:8.3} %  resolved {resolved_p50_secs:5.0} {resolved_p99_secs:6.0} s  cost {cost_free:5.2} {cost_dwell:5.2}  operations/day {operations_per_day:8.1}",
            row.scenario, row.rule
        );
    }
    Ok(())
}

fn run(
    scenarios: &[Scenario],
    rules: &[Rule],
    seeds: Vec<u64>,
    skews: Vec<f64>,
    traces: Vec<String>,
) -> Report {
    let mut report = Report {
        seeds,
        skews,
        traces,
        rows: Vec::new(),
        courses: Vec::new(),
    };
    for scenario in scenarios {
        for &rule in rules {
            let mut scores = Vec::new();
            for (place, &skew) in report.skews.iter().enumerate() {
                // Traces are long: one seed is as much as many of the others.
                let seeds = if scenario.is_trace() {
                    &report.seeds[..1]
                } else {
                    &report.seeds[..]
                };
                for &seed in seeds {
                    let outcome = simulation::simulate(scenario, rule, skew, seed);
                    if place == report.skews.len() / 2 && seed == report.seeds[0] {
                        report.courses.push(Course {
                            scenario: scenario.name.clone(),
                            rule: rule.name(),
                            load: outcome.by_minute(|second| second.offered),
                            shards: outcome.by_minute(|second| second.shards),
                            throttled: outcome.by_minute(|second| second.refused),
                        });
                    }
                    scores.push(outcome);
                }
            }
            report.rows.push(Row {
                scenario: scenario.name.clone(),
                rule: rule.name(),
                score: Score::of(&scores),
            });
        }
    }
    report
}
