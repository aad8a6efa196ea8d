//! What one process's shards take: appends a second, their latency, and what each costs in processor time.
//!
//! `cargo run --release --example shard_throughput -- --shards 4 --producers 4 --records 500`
//!
//! No HTTP and no gateway: the figures are those of `shard`, `replication` and `store` alone, beside the disk's own
//! `fdatasync` in the same directory.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anabranch::{
    clock::{Clock, SystemClock},
    shard::{Append, Birth, NewRecord, ShardHandle, ShardLimits, ShardRegistry},
};
use anabranch_domain::ShardUid;
use anabranch_store::{RocksOptions, RocksStore, entry::KeyRing};
use bytes::Bytes;
use clap::Parser;

#[derive(Debug, Parser)]
struct Args {
    /// Where the store is made; a directory of its own is made in it and removed.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Shards that are appended to.
    #[arg(long, default_value_t = 1)]
    shards: u64,
    /// Producers, each with one append under way, on shards in turn.
    #[arg(long, default_value_t = 1)]
    producers: u64,
    /// Records of an append.
    #[arg(long, default_value_t = 1)]
    records: usize,
    /// Bytes of a record.
    #[arg(long, default_value_t = 1024)]
    record_bytes: usize,
    /// Seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Touch so many shards once and say what they cost; nothing else.
    #[arg(long)]
    idle: Option<u64>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let dir = args
        .dir
        .join(format!("shard-throughput-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let result = tokio::runtime::Runtime::new()?.block_on(run(&args, &dir));
    std::fs::remove_dir_all(&dir)?;
    result
}

async fn run(args: &Args, dir: &Path) -> anyhow::Result<()> {
    let sync = percentiles(sync_times(dir)?);
    println!("fdatasync of 4 KiB: p50 {:?}, p99 {:?}", sync.0, sync.1);
    let store = RocksStore::open(&dir.join("store"), &RocksOptions::default())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limits = ShardLimits {
        idle_after: Duration::from_secs(2),
        ..ShardLimits::default()
    };
    let birth = Birth::open(clock.now());
    let registry = ShardRegistry::new(Arc::new(store), limits, KeyRing::new(), clock);
    if let Some(shards) = args.idle {
        return idle(&registry, birth, shards).await;
    }
    let shard = |number| registry.shard(ShardUid::from_bits(u128::from(number)), birth);
    for number in 0..args.shards {
        append(&shard(number), args).await?;
    }
    let (began, cpu) = (Instant::now(), cpu_time()?);
    let until = began + Duration::from_secs(args.seconds);
    let producers = (0..args.producers).map(|number| {
        let (shard, args) = (shard(number % args.shards), args.records_of());
        tokio::spawn(async move { produce(&shard, args, until).await })
    });
    let mut times = Vec::new();
    for producer in producers.collect::<Vec<_>>() {
        times.extend(producer.await??);
    }
    let (elapsed, cpu) = (began.elapsed(), cpu_time()?.saturating_sub(cpu));
    report(args, &times, elapsed, cpu);
    registry.stop().await;
    Ok(())
}

impl Args {
    fn records_of(&self) -> (usize, usize) {
        (self.records, self.record_bytes)
    }
}

async fn append(shard: &Arc<ShardHandle>, args: &Args) -> anyhow::Result<()> {
    produce(shard, args.records_of(), Instant::now()).await?;
    Ok(())
}

/// Appends until the time is over, at least once, and says how long each took.
async fn produce(
    shard: &Arc<ShardHandle>,
    (records, record_bytes): (usize, usize),
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    // Bytes that do not compress, of which every record takes another part.
    let pool = Bytes::from((0..record_bytes + 997).map(noise).collect::<Vec<u8>>());
    let mut times = Vec::new();
    loop {
        let record = |number: usize| NewRecord {
            partition_key: Some(format!("key-{number}").into()),
            explicit_hash_key: None,
            data: pool.slice(number % 997..number % 997 + record_bytes),
        };
        let append = Append {
            records: (0..records).map(record).collect(),
            ..Append::default()
        };
        let began = Instant::now();
        shard.append(append).await?;
        times.push(began.elapsed());
        if Instant::now() >= until {
            return Ok(times);
        }
    }
}

fn noise(number: usize) -> u8 {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 37).to_le_bytes()[0]
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn report(args: &Args, times: &[Duration], elapsed: Duration, cpu: Duration) {
    let records = (times.len() * args.records) as f64;
    let (p50, p99) = percentiles(times.to_vec());
    println!(
        "{} shards, {} producers, {} x {} B: {:.0} appends/s, {:.0} records/s, {:.0} MB/s, p50 {:?}, p99 {:?}, \
         {:.2} cores, {:.2} us of processor a record",
        args.shards,
        args.producers,
        args.records,
        args.record_bytes,
        times.len() as f64 / elapsed.as_secs_f64(),
        records / elapsed.as_secs_f64(),
        records * args.record_bytes as f64 / 1e6 / elapsed.as_secs_f64(),
        p50,
        p99,
        cpu.as_secs_f64() / elapsed.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / records,
    );
}

async fn idle(registry: &ShardRegistry, birth: Birth, shards: u64) -> anyhow::Result<()> {
    println!("before: {} KiB resident", resident_kib()?);
    for number in 0..shards {
        let shard = registry.shard(ShardUid::from_bits(u128::from(number)), birth);
        produce(&shard, (1, 1024), Instant::now()).await?;
    }
    println!("{shards} groups running: {} KiB resident", resident_kib()?);
    for _ in 0..3 {
        let cpu = cpu_time()?;
        tokio::time::sleep(Duration::from_secs(4)).await;
        let cpu = cpu_time()?.saturating_sub(cpu);
        println!(
            "4 s later: {} KiB resident, {cpu:?} of processor",
            resident_kib()?
        );
    }
    Ok(())
}

fn sync_times(dir: &Path) -> anyhow::Result<Vec<Duration>> {
    let mut file = File::create(dir.join("sync"))?;
    let mut times = Vec::new();
    for _ in 0..500 {
        let began = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    Ok(times)
}

fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    (at(50), at(99))
}

/// Processor time of this process so far; the kernel counts in hundredths of a second.
fn cpu_time() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse::<u64>)
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}

fn resident_kib() -> anyhow::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .parse()?;
    Ok(pages * 4)
}
