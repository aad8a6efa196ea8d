//! What happened, in order: the lines that tell a failing seed's story, and that two runs of one seed must have in common.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hasher as _};
use std::time::Duration;

thread_local! {
    static TRACE: RefCell<Trace> = RefCell::default();
}

/// The trace of the simulation that this process runs.
#[derive(Default)]
struct Trace {
    now: Duration,
    moments: u64,
    lines: Vec<String>,
    digest: DefaultHasher,
    violations: Vec<String>,
    is_told: bool,
}

/// Prints every line as it comes.
pub(crate) fn tell() {
    TRACE.with_borrow_mut(|trace| trace.is_told = true);
}

/// It is `now` in the simulation.
pub(crate) fn set_now(now: Duration) {
    TRACE.with_borrow_mut(|trace| trace.now = now);
}

/// A number greater than any before: everything happens in one thread, so this is the order in which it did.
pub(crate) fn moment() -> u64 {
    TRACE.with_borrow_mut(|trace| {
        trace.moments += 1;
        trace.moments
    })
}

/// Adds a line.
pub(crate) fn note(line: impl FnOnce() -> String) {
    let line = line();
    TRACE.with_borrow_mut(|trace| {
        let line = format!("{:>9.3} {line}", trace.now.as_secs_f64());
        if trace.is_told {
            println!("{line}");
        }
        trace.digest.write(line.as_bytes());
        trace.lines.push(line);
    });
}

/// Adds what is too much to be a line: the digest of two runs differs if it does.
pub(crate) fn digest(bytes: &[u8]) {
    TRACE.with_borrow_mut(|trace| trace.digest.write(bytes));
}

/// An invariant does not hold.
pub(crate) fn violated(invariant: &str, what: &str) {
    let line = format!("VIOLATED {invariant}: {what}");
    note(|| line.clone());
    TRACE.with_borrow_mut(|trace| trace.violations.push(line));
}

/// Which invariants did not hold.
pub(crate) fn violations() -> Vec<String> {
    TRACE.with_borrow(|trace| trace.violations.clone())
}

/// Whether any did not.
pub(crate) fn is_violated() -> bool {
    TRACE.with_borrow(|trace| !trace.violations.is_empty())
}

/// All lines, and a digest of everything.
pub(crate) fn take() -> (Vec<String>, u64) {
    TRACE.with_borrow_mut(|trace| (std::mem::take(&mut trace.lines), trace.digest.finish()))
}
