//! The real process dies, by a signal at any moment or at each named fail-point; the next start finds every entry that
//! was acknowledged, no holes, and no entry half.
//!
//! The dying process is this test binary again, running `dying_process`.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    ops::ControlFlow,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
};

use anabranch_domain::ShardUid;
use anabranch_store::{
    Family, Order, RocksOptions, RocksStore, Store, WriteSet, failpoints, keys::LogKey,
};

mod support;
use support::{log_key, write};

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
/// Entries that meet every fail-point, and more than any kill lets through.
const FEW: u64 = 120;
const ENDLESS: u64 = 1_000_000;
/// The dying process trims every so often, and stays this far ahead of its acknowledgements.
const TRIM_EVERY: u64 = 40;
const TRIM_BEHIND: u64 = 30;
const IN_FLIGHT: usize = 4;

fn options() -> RocksOptions {
    RocksOptions {
        memtable_bytes: 1 << 20,
        ..RocksOptions::default()
    }
}

fn value(index: u64) -> Vec<u8> {
    let len = 100 + usize::try_from(index * 7_919 % 60_000).expect("small");
    index.to_be_bytes().into_iter().cycle().take(len).collect()
}

/// Not a test: what the tests below start and kill. Prints `acked N` after each acknowledgement.
#[test]
#[ignore = "started by the other tests in a process of its own"]
fn dying_process() {
    let Some(dir) = std::env::var_os("CRASH_DIR") else {
        return;
    };
    failpoints::arm_from_environment().expect("sensible fail-points");
    let store = RocksStore::open(Path::new(&dir), &options()).expect("opens");
    say("opened");
    let mut waiting = VecDeque::new();
    let next = last_index(&store).map_or(0, |last| last + 1);
    let entries: u64 = std::env::var("CRASH_ENTRIES")
        .expect("set")
        .parse()
        .expect("a number");
    for index in next..next + entries {
        let (sender, receiver) = mpsc::channel();
        let mut set = WriteSet::new();
        set.put(Family::Log, log_key(1, index), value(index));
        if std::env::var_os("CRASH_LAZY").is_some() {
            set.lazy();
        }
        let done = move |result: Result<(), _>| {
            result.expect("written");
            say(&format!("acked {index}"));
            sender.send(()).expect("waited for");
        };
        store.submit(set, Box::new(done));
        waiting.push_back(receiver);
        if waiting.len() > IN_FLIGHT {
            waiting
                .pop_front()
                .expect("several")
                .recv()
                .expect("acknowledged");
        }
        if index % TRIM_EVERY == TRIM_EVERY - 1 {
            trim(&store, index - TRIM_BEHIND);
        }
    }
    drop(store);
    say("closed");
}

fn last_index(store: &RocksStore) -> Option<u64> {
    let mut last = None;
    let mut visit = |key: &[u8], _| {
        last = Some(LogKey::decode(key).expect("a log key").index);
        ControlFlow::Break(())
    };
    let all = LogKey::all(ShardUid::from_bits(1));
    store
        .scan(Family::Log, &all, Order::Backward, &mut visit)
        .expect("readable");
    last
}

fn trim(store: &RocksStore, end: u64) {
    say(&format!("trimming {end}"));
    let range = LogKey::between(ShardUid::from_bits(1), 0, end);
    let mut set = WriteSet::new();
    set.delete_range(Family::Log, range.clone());
    write(store, set);
    store.release(Family::Log, &range).expect("released");
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .expect("the parent listens");
}

/// What the dying process said.
#[derive(Debug, Default)]
struct Said {
    acked: Option<u64>,
    trimming: u64,
    closed: bool,
}

impl Said {
    fn hear(&mut self, line: &str) {
        if let Some(index) = line.strip_prefix("acked ") {
            let index = index.parse().expect("an index");
            assert!(
                self.acked.is_none_or(|last| last + 1 == index),
                "acknowledged in order"
            );
            self.acked = Some(index);
        } else if let Some(end) = line.strip_prefix("trimming ") {
            self.trimming = end.parse().expect("an index");
        } else if line == "closed" {
            self.closed = true;
        }
    }
}

fn start(dir: &Path, entries: u64, fail_points: &str) -> (Child, BufReader<ChildStdout>) {
    start_with(dir, entries, &[("FAILPOINTS", fail_points)])
}

fn start_with(
    dir: &Path,
    entries: u64,
    environment: &[(&str, &str)],
) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args([
            "--exact",
            "dying_process",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("CRASH_DIR", dir)
        .env("CRASH_ENTRIES", entries.to_string())
        .env("ANABRANCH_FAILPOINTS", "1")
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("piped"));
    (child, lines)
}

/// Opens what the process left and compares it with what it had said.
fn verify(dir: &Path, said: &Said) {
    let store = RocksStore::open(dir, &options()).expect("starts again");
    let found: Arc<Mutex<Vec<u64>>> = Arc::default();
    let all = LogKey::all(ShardUid::from_bits(1));
    let mut visit = |key: &[u8], bytes: bytes::Bytes| {
        let index = LogKey::decode(key).expect("a log key").index;
        assert_eq!(bytes, value(index), "entry {index} is whole");
        found.lock().expect("unpoisoned").push(index);
        ControlFlow::Continue(())
    };
    store
        .scan(Family::Log, &all, Order::Forward, &mut visit)
        .expect("readable");
    let found = found.lock().expect("unpoisoned");
    assert!(
        found.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "no holes: {said:?}, found {found:?}"
    );
    let (first, last) = (found.first().copied(), found.last().copied());
    assert!(
        first.unwrap_or(0) <= said.trimming,
        "nothing else is trimmed: {said:?}, found {first:?}"
    );
    assert!(last >= said.acked, "{said:?}, found up to {last:?}");
    let unacknowledged = last.map_or(0, |last| last + 1) - said.acked.map_or(0, |acked| acked + 1);
    assert!(
        unacknowledged <= IN_FLIGHT as u64 + 1,
        "{said:?}, found up to {last:?}"
    );
}

#[test]
fn an_abort_at_every_fail_point_loses_nothing_acknowledged() {
    for name in failpoints::NAMES {
        for passes in [0, 2] {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let (mut child, lines) = start(
                dir.path(),
                FEW,
                &format!("{name}={passes}*off->return(abort)"),
            );
            let mut said = Said::default();
            lines
                .lines()
                .for_each(|line| said.hear(&line.expect("text")));
            let status = child.wait().expect("ends");
            let once_only = name.starts_with("store-open") || name.starts_with("store-close");
            if passes == 0 || !once_only {
                assert_eq!(
                    status.signal(),
                    Some(SIGABRT),
                    "{name} after {passes} passes: {status}, {said:?}"
                );
            } else {
                assert!(
                    status.success() && said.closed,
                    "{name} is passed once: {status}, {said:?}"
                );
            }
            verify(dir.path(), &said);
        }
    }
}

#[test]
fn a_kill_at_any_moment_loses_nothing_acknowledged() {
    kill_at_moments(&[]);
}

/// The process dies and the system does not: what was answered for from memory is there.
#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_lazy() {
    kill_at_moments(&[("CRASH_LAZY", "1")]);
}

fn kill_at_moments(environment: &[(&str, &str)]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for acks in [0, 1, 17, 41, 45, 90] {
        let (mut child, lines) = start_with(dir.path(), ENDLESS, environment);
        let mut said = Said::default();
        let mut heard = 0;
        for line in lines.lines() {
            let line = line.expect("text");
            said.hear(&line);
            heard += u32::from(line.starts_with("acked"));
            if heard >= acks {
                // What it still says before it dies is heard too.
                let _ = child.kill();
            }
        }
        let status = child.wait().expect("ends");
        assert_eq!(status.signal(), Some(SIGKILL), "{status}, {said:?}");
        // A directory that lives on: each round finds what the rounds before left.
        if said.acked.is_some() {
            verify_after_rounds(dir.path(), &said);
        }
    }
}

fn verify_after_rounds(dir: &Path, said: &Said) {
    let store = RocksStore::open(dir, &options()).expect("starts again");
    let last = said.acked.expect("something was acknowledged");
    for index in said.trimming.max(last.saturating_sub(TRIM_BEHIND))..=last {
        let found = store
            .get(Family::Log, &log_key(1, index))
            .expect("readable");
        assert_eq!(
            found.as_deref(),
            Some(&value(index)[..]),
            "entry {index}: {said:?}"
        );
    }
}
