//! What the store takes and costs: synced writes of one size, by a few writers, with what the disk and the processor
//! did for them. `cargo run --release -p anabranch-store --example store_bench -- help`

use std::{
    collections::BTreeMap,
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use anabranch_domain::ShardUid;
use anabranch_store::{
    Family, KeyRange, Order, RocksOptions, RocksStore, Store, WriteSet, keys::LogKey,
};
use bytes::Bytes;

const HELP: &str = "store_bench [name=value ...]
  dir=PATH        where to write (default: /tmp/store-bench; is removed first)
  value=BYTES     bytes of a value (default 512000)
  writers=N       writers, each waiting for its write before the next (default 1)
  total=MIB       MiB to write (default 1024)
  shards=N        shards that each writer's values are spread over (default 4)
  keep=MIB        trim each shard so that about so much stays, 0 for no trimming (default 0)
  read=1          read everything again at the end
  crash=1         end without closing: the next start must replay the log
  open=1          only open what is there, and tell how long it took";

fn main() {
    let arguments: BTreeMap<String, String> = std::env::args()
        .skip(1)
        .map(|argument| named(&argument))
        .collect();
    if arguments.contains_key("help") {
        println!("{HELP}");
        return;
    }
    let number = |name: &str, default: u64| {
        arguments
            .get(name)
            .map_or(default, |text| text.parse().expect("a number"))
    };
    let dir = PathBuf::from(
        arguments
            .get("dir")
            .map_or("/tmp/store-bench", String::as_str),
    );
    if number("open", 0) == 1 {
        return open_again(&dir);
    }
    let _ = fs::remove_dir_all(&dir);
    let workload = Workload {
        value_bytes: number("value", 512_000),
        writers: number("writers", 1),
        total_bytes: number("total", 1024) << 20,
        shards: number("shards", 4),
        keep_bytes: number("keep", 0) << 20,
    };
    let store = Arc::new(RocksStore::open(&dir, &RocksOptions::default()).expect("a new store"));
    workload.run(&store);
    if number("read", 0) == 1 {
        read_all(&store);
    }
    println!("memory: {}", resident());
    if number("crash", 0) == 1 {
        // As a kill would: nothing is flushed, no destructor runs.
        std::process::abort();
    }
    let before = Counters::now();
    drop(store);
    println!("close: {}", before.since(workload.total_bytes));
    open_again(&dir);
}

fn open_again(dir: &Path) {
    let began = Instant::now();
    let store = RocksStore::open(dir, &RocksOptions::default()).expect("a store");
    let opened = began.elapsed();
    let last = store.scan(
        Family::Log,
        &KeyRange::prefix([]),
        Order::Backward,
        &mut |_, _| ControlFlow::Break(()),
    );
    last.expect("readable");
    println!(
        "open: {:.0} ms, and the last entry read after {:.0} ms; memory: {}",
        opened.as_secs_f64() * 1e3,
        began.elapsed().as_secs_f64() * 1e3,
        resident()
    );
}

/// Resident memory of this process.
fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("procfs");
    let line = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    format!(
        "{} resident, {} of it files",
        line("VmRSS:"),
        line("RssFile:")
    )
}

fn named(argument: &str) -> (String, String) {
    let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
    (name.to_owned(), value.to_owned())
}

#[derive(Clone, Copy)]
struct Workload {
    value_bytes: u64,
    writers: u64,
    total_bytes: u64,
    shards: u64,
    keep_bytes: u64,
}

impl Workload {
    fn run(self, store: &Arc<RocksStore>) {
        let before = Counters::now();
        let began = Instant::now();
        let threads: Vec<_> = (0..self.writers)
            .map(|writer| {
                let store = store.clone();
                std::thread::spawn(move || self.write(&*store, writer))
            })
            .collect();
        let mut latencies: Vec<Duration> = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a writer"))
            .collect();
        let seconds = began.elapsed().as_secs_f64();
        latencies.sort_unstable();
        let at = |per_mille: usize| {
            latencies[(latencies.len() - 1) * per_mille / 1000].as_secs_f64() * 1e3
        };
        println!(
            "{} B × {} writers: {:.0} MB/s, {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.1} ms",
            self.value_bytes,
            self.writers,
            float(self.total_bytes) / seconds / 1e6,
            float(latencies.len() as u64) / seconds,
            at(500),
            at(990),
            at(999),
            at(1000)
        );
        println!("  {}", before.since(self.total_bytes));
    }

    fn write(self, store: &dyn Store, writer: u64) -> Vec<Duration> {
        // Several of its own: one value over and over would stay in the processor's caches, as real ones do not.
        let values: Vec<Bytes> = (0..8)
            .map(|seed| pseudo_random(self.value_bytes, writer * 8 + seed))
            .collect();
        let count = self.total_bytes / self.value_bytes / self.writers;
        let mut latencies = Vec::new();
        let (sender, receiver) = mpsc::channel();
        for (number, value) in (0..count).zip(values.iter().cycle()) {
            let shard =
                ShardUid::from_bits((u128::from(number % self.shards) << 64) | u128::from(writer));
            let index = number / self.shards;
            let mut set = WriteSet::new();
            set.put(
                Family::Log,
                LogKey::new(shard, index).encode(),
                value.clone(),
            );
            let began = Instant::now();
            let sender = sender.clone();
            store.submit(
                set,
                Box::new(move |result| sender.send(result).expect("the writer waits")),
            );
            receiver.recv().expect("always called").expect("written");
            latencies.push(began.elapsed());
            self.trim(store, shard, index);
        }
        latencies
    }

    fn trim(self, store: &dyn Store, shard: ShardUid, index: u64) {
        let keep = self.keep_bytes / self.value_bytes / self.shards / self.writers;
        let every = (keep / 4).max(1);
        if keep == 0 || index < keep + every || !index.is_multiple_of(every) {
            return;
        }
        let range = LogKey::between(shard, 0, index - keep);
        let mut set = WriteSet::new();
        set.delete_range(Family::Log, range.clone());
        store.submit(set, Box::new(|result| result.expect("written")));
        store.release(Family::Log, &range).expect("released");
    }
}

fn read_all(store: &RocksStore) {
    let (before, began, mut bytes) = (Counters::now(), Instant::now(), 0);
    let mut visit = |_: &[u8], value: Bytes| {
        bytes += value.len() as u64;
        ControlFlow::Continue(())
    };
    store
        .scan(
            Family::Log,
            &KeyRange::prefix([]),
            Order::Forward,
            &mut visit,
        )
        .expect("readable");
    println!(
        "read: {:.0} MB/s",
        float(bytes) / began.elapsed().as_secs_f64() / 1e6
    );
    println!("  {}", before.since(bytes.max(1)));
}

fn pseudo_random(len: u64, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn float(number: u64) -> f64 {
    number as f64
}

/// The kernel's counters of this process and of the disk.
struct Counters {
    user: f64,
    system: f64,
    written: u64,
    device_written: u64,
    minor_faults: u64,
}

impl Counters {
    fn now() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").expect("procfs");
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .expect("a name")
            .1
            .split_whitespace()
            .collect();
        let ticks = |at: usize| fields[at].parse::<f64>().expect("ticks") / 100.0;
        let io = fs::read_to_string("/proc/self/io").expect("procfs");
        let written = io
            .lines()
            .find_map(|line| line.strip_prefix("write_bytes: "))
            .expect("a counter");
        Self {
            user: ticks(11),
            system: ticks(12),
            written: written.parse().expect("bytes"),
            device_written: device_written(),
            minor_faults: fields[7].parse().expect("faults"),
        }
    }

    fn since(&self, bytes: u64) -> String {
        let now = Self::now();
        let gib = float(bytes) / float(1 << 30);
        let (user, system) = (now.user - self.user, now.system - self.system);
        format!(
            "user {user:.2} s + system {system:.2} s = {:.2} s/GiB, {:.2} µs/KiB; \
             written ×{:.2} by the process, ×{:.2} by the devices; {:.0} faults/GiB",
            (user + system) / gib,
            (user + system) / gib * 1e6 / float(1 << 20),
            float(now.written - self.written) / float(bytes),
            float(now.device_written - self.device_written) / float(bytes),
            float(now.minor_faults - self.minor_faults) / gib
        )
    }
}

/// Bytes written by all real disks together.
fn device_written() -> u64 {
    let stats = fs::read_to_string("/proc/diskstats").unwrap_or_default();
    let sectors = |line: &str| -> Option<u64> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // Partitions have no directory of their own there, and count in their disk.
        let is_disk = !fields[2].starts_with("loop")
            && fs::exists(format!("/sys/block/{}", fields[2])).ok()?;
        if is_disk {
            fields.get(9)?.parse().ok()
        } else {
            None
        }
    };
    stats
        .lines()
        .filter_map(sectors)
        .map(|sectors| sectors * 512)
        .sum()
}
