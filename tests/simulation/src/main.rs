//! Whole clusters of the real code in one thread: time, network, disks, randomness and every fault follow from one seed.
//!
//! A process runs one seed: what the standard library, tokio and the TLS library draw at random or read off a clock is
//! replaced for the whole process (`mad-turmoil`), so that hash maps are gone through in the same order each time.

mod catalog;
mod clients;
mod clock;
mod dice;
mod disk;
mod fan_out;
mod faults;
mod gateway;
mod history;
mod invariants;
mod network;
mod operator;
mod pod;
mod run;
mod stage;
mod trace;
mod witness;

use std::process::ExitCode;

use clap::Parser;
use rand::SeedableRng as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Simulates one seed. Prints its last lines and fails if an invariant does not hold.
#[derive(Debug, Parser)]
struct Arguments {
    /// The seed.
    seed: u64,
    /// Print the whole trace as it comes.
    #[arg(long)]
    trace: bool,
    /// Faults, too, that not everything is promised to survive.
    #[arg(long)]
    all_faults: bool,
    /// Print what the processes log, too: `info`, `openraft=debug,anabranch=info`.
    #[arg(long)]
    log: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(filter) = &arguments.log {
        let Ok(targets) = filter.parse::<Targets>() else {
            eprintln!("not a filter: {filter}");
            return ExitCode::FAILURE;
        };
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .without_time();
        tracing_subscriber::registry()
            .with(lines.with_filter(targets))
            .init();
    }
    mad_turmoil::rand::set_rng(rand::rngs::StdRng::seed_from_u64(arguments.seed));
    // A thread of its own: the keys of a thread's hash maps are drawn once, and this one's may have been before the seed was
    // set.
    let simulation = std::thread::spawn(move || simulate(&arguments));
    simulation.join().unwrap_or(ExitCode::FAILURE)
}

fn simulate(arguments: &Arguments) -> ExitCode {
    let _clocks = mad_turmoil::time::SimClocksGuard::init();
    if arguments.trace {
        trace::tell();
    }
    std::panic::set_hook(Box::new(|panic| {
        trace::violated("nothing panics", &panic.to_string());
    }));
    run::run(arguments.seed, arguments.all_faults);
    let violations = trace::violations();
    let (lines, digest) = trace::take();
    if violations.is_empty() {
        let last = lines.last().map_or("", String::as_str);
        println!(
            "seed {} holds, digest {digest:016x}: {}",
            arguments.seed,
            last.trim()
        );
        return ExitCode::SUCCESS;
    }
    println!("seed {} FAILS, digest {digest:016x}", arguments.seed);
    for violation in violations {
        println!("  {violation}");
    }
    ExitCode::FAILURE
}
