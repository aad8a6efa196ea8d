//! Load from files: CSV with a time and a value a line, made to seconds.

use std::path::Path;

use anyhow::Context as _;

/// The median of what is not nothing becomes so many shards.
const MEDIAN_SHARDS: f64 = 4.0;
/// A week is enough, and what a machine bears.
const SECONDS_MAX: usize = 7 * 86_400;
/// No trace goes above this: it is a stream of a few shards that has peaks.
const SHARDS_MAX: f64 = 120.0;
/// The traces have a value every five minutes.
const SECONDS_A_VALUE: usize = 300;

/// Every CSV file of a folder, by name.
pub(crate) fn read_folder(folder: &Path) -> anyhow::Result<Vec<(String, Vec<f64>)>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "csv"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("read {}", path.display()))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            Ok((name.into_owned(), seconds(&text)))
        })
        .collect()
}

fn seconds(text: &str) -> Vec<f64> {
    let values: Vec<f64> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.rsplit(',').next()?.trim().parse().ok())
        .filter(|value: &f64| value.is_finite() && *value >= 0.0)
        .collect();
    let mut sorted: Vec<_> = values
        .iter()
        .copied()
        .filter(|value| *value > 0.0)
        .collect();
    sorted.sort_by(f64::total_cmp);
    let Some(median) = sorted.get(sorted.len() / 2) else {
        return Vec::new();
    };
    let scaled = |value: f64| (value / median * MEDIAN_SHARDS).min(SHARDS_MAX);
    let mut seconds = Vec::new();
    for pair in values.windows(2) {
        for step in 0..SECONDS_A_VALUE {
            let part = step as f64 / SECONDS_A_VALUE as f64;
            seconds.push(scaled(pair[0] * (1.0 - part) + pair[1] * part));
        }
    }
    seconds.truncate(SECONDS_MAX);
    seconds
}
