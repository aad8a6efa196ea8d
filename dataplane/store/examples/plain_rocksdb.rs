//! What RocksDB takes without anything of ours around it: synced puts of one size from one thread.
//!
//! The yardstick of `tests/bench`: a store that serves the Kinesis API can come near this and not beyond.
//! `cargo run --release -p anabranch-store --example plain_rocksdb -- dir=PATH value=BYTES seconds=N`, prints JSON.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rocksdb::{DB, Options, WriteOptions};

fn main() {
    let argument = |name: &str| {
        let prefix = format!("{name}=");
        std::env::args().find_map(|argument| argument.strip_prefix(&prefix).map(str::to_owned))
    };
    let number = |name: &str, default: u64| {
        argument(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let dir = PathBuf::from(argument("dir").unwrap_or_else(|| "/tmp/plain-rocksdb".to_owned()));
    let value_bytes = usize::try_from(number("value", 512_000)).expect("fits in memory");
    let duration = Duration::from_secs(number("seconds", 5));

    let _ = std::fs::remove_dir_all(&dir);
    let mut latencies = write(&dir, value_bytes, duration);
    let _ = std::fs::remove_dir_all(&dir);

    latencies.sort_unstable();
    let quantile =
        |permille: usize| latencies[(latencies.len() - 1) * permille / 1000].as_secs_f64() * 1e3;
    println!(
        r#"{{"valueBytes":{value_bytes},"puts":{},"megabytesPerSecond":{:.1},"p50Ms":{:.3},"p99Ms":{:.3}}}"#,
        latencies.len(),
        megabytes(latencies.len() * value_bytes) / duration.as_secs_f64(),
        quantile(500),
        quantile(990),
    );
}

#[allow(
    clippy::cast_precision_loss,
    reason = "figures are shown with three digits or so"
)]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Puts values for so long; the time of each put.
fn write(dir: &PathBuf, value_bytes: usize, duration: Duration) -> Vec<Duration> {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_write_buffer_size(64 << 20);
    options.set_enable_blob_files(true);
    options.set_min_blob_size(1024);
    let db = DB::open(&options, dir).expect("a new database");
    let mut synced = WriteOptions::default();
    synced.set_sync(true);
    let value = incompressible(value_bytes);
    let mut latencies = Vec::new();
    let ends = Instant::now() + duration;
    for key in 0_u64.. {
        let begun = Instant::now();
        if begun >= ends {
            break;
        }
        db.put_opt(key.to_be_bytes(), &value, &synced)
            .expect("a disk with room");
        latencies.push(begun.elapsed());
    }
    latencies
}

fn incompressible(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..bytes).map(next).collect()
}
