//! What the disk below could do at best: the latency of a synced append, and reading and writing from end to end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use rustix::fs::{Advice, fadvise, fdatasync};
use serde_json::{Value, json};

use super::Outcome;
use super::histogram::Histogram;
use super::payload::Payload;
use super::report::milliseconds;
use crate::cli::outcome::Failure;
use crate::cli::output::{Output, OutputArgs, columns, document, line};
use crate::cli::units::{parse_bytes, parse_duration};

/// Bytes of one read or write from end to end.
const CHUNK_BYTES: u64 = 1 << 20;

/// Sizes of the synced appends: a small commit, and a call of 500 records of 1 KiB.
const APPEND_BYTES: [u64; 2] = [4 << 10, 512 << 10];

/// Measure the disk itself: synced appends of 4 KiB and 512 KiB, sequential write and read
#[derive(Debug, Args)]
pub(super) struct DiskArgs {
    /// A directory on the disk to measure; a file is made in it and removed
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// How long to append at each size
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = parse_duration)]
    duration: Duration,

    /// How much to write and read from end to end
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = parse_bytes)]
    size: u64,

    #[command(flatten)]
    output: OutputArgs,
}

/// A file that is removed with this value.
struct Scratch {
    path: PathBuf,
    file: File,
}

pub(super) fn run(args: &DiskArgs) -> Result<Outcome, Failure> {
    let mut results = Vec::new();
    for bytes in APPEND_BYTES {
        let latencies = append(&args.dir, bytes, args.duration)?;
        let rate = rate(latencies.count() * bytes, args.duration);
        results.push((format!("fdatasync of {} KiB", bytes >> 10), latencies, rate));
    }
    let (write, read) = end_to_end(&args.dir, args.size)?;
    match args.output.output {
        Output::Json => document(&json!({
            "workload": "disk",
            "fdatasync4KibMs": quantiles(&results[0].1),
            "fdatasync512KibMs": quantiles(&results[1].1),
            "writeMegabytesPerSecond": write,
            "readMegabytesPerSecond": read,
        }))?,
        Output::Text => {
            let mut rows: Vec<Vec<String>> = Vec::new();
            for (name, latencies, rate) in &results {
                let quantile = |permille| milliseconds(latencies.permille(permille));
                let text = format!(
                    "p50 {} ms, p99 {} ms, {rate:.0} MB/s",
                    quantile(500),
                    quantile(990)
                );
                rows.push(vec![name.clone(), text]);
            }
            rows.push(vec![
                "sequential write".to_owned(),
                format!("{write:.0} MB/s"),
            ]);
            rows.push(vec![
                "sequential read".to_owned(),
                format!("{read:.0} MB/s"),
            ]);
            line(columns(&rows).trim_end())?;
        }
    }
    Ok(Outcome::Done)
}

fn quantiles(latencies: &Histogram) -> Value {
    let quantile = |permille| milliseconds(latencies.permille(permille));
    json!({ "p50": quantile(500), "p90": quantile(900), "p99": quantile(990), "max": milliseconds(latencies.max()) })
}

/// Appends so many bytes and waits until they are on the disk, again and again, as a log does.
fn append(dir: &Path, bytes: u64, duration: Duration) -> io::Result<Histogram> {
    let mut scratch = Scratch::new(dir)?;
    let data = Payload::new(0, bytes).data();
    let mut latencies = Histogram::default();
    let ends = Instant::now() + duration;
    while Instant::now() < ends {
        let begun = Instant::now();
        scratch.file.write_all(&data)?;
        fdatasync(&scratch.file)?;
        latencies.record(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(latencies)
}

/// Writes a file and reads it back from the disk; megabytes a second of each.
fn end_to_end(dir: &Path, size: u64) -> io::Result<(f64, f64)> {
    let mut scratch = Scratch::new(dir)?;
    let data = Payload::new(0, CHUNK_BYTES).data();
    let chunks = size.div_ceil(CHUNK_BYTES).max(1);
    let begun = Instant::now();
    for _ in 0..chunks {
        scratch.file.write_all(&data)?;
    }
    fdatasync(&scratch.file)?;
    let write = rate(chunks * CHUNK_BYTES, begun.elapsed());
    // Without this the page cache would be what is measured.
    fadvise(&scratch.file, 0, None::<NonZeroU64>, Advice::DontNeed)?;
    scratch.file.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; data.len()];
    let begun = Instant::now();
    for _ in 0..chunks {
        scratch.file.read_exact(&mut buffer)?;
    }
    Ok((write, rate(chunks * CHUNK_BYTES, begun.elapsed())))
}

#[allow(
    clippy::cast_precision_loss,
    reason = "figures are shown with three digits or so"
)]
fn rate(bytes: u64, time: Duration) -> f64 {
    (bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9)).round()
}

impl Scratch {
    fn new(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join(format!("anabranch-bench-{}", std::process::id()));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        Ok(Self { path, file })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may be gone already; nothing else depends on it.
        let _ = std::fs::remove_file(&self.path);
    }
}
