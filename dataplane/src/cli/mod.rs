//! The `anabranch` command line: one file a subcommand, `client/` to speak to an endpoint, `bench/` to load one.
//!
//! The client commands know only the Kinesis API: they work against AWS and every other server that speaks it. Only
//! `standalone` reaches into the node, by handing it a [`StandaloneOptions`](crate::standalone::StandaloneOptions).
//!
//! Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 done in part, 130 interrupted.

// Doc comments on arguments are what `--help` prints, where a terminal shows backticks as they are.
#![allow(clippy::doc_markdown)]

mod batch;
mod bench;
mod client;
mod completions;
mod config_file;
mod gateway;
mod get;
mod limit_args;
mod lineage;
mod outcome;
mod output;
mod position;
mod put;
mod record;
mod reshard;
mod shard_pod;
mod shards;
mod standalone;
mod streams;
mod tail;
mod units;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use outcome::{Failure, Outcome};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "anabranch",
    version,
    about = "Kinesis Data Streams on your own machine: the server and a small client",
    long_about = "Kinesis Data Streams on your own machine: the server, and a small client for it and for every other \
                  endpoint that speaks the AWS Kinesis API.",
    after_long_help = EXAMPLES,
    max_term_width = 110,
    propagate_version = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  anabranch standalone --data-dir ./data --allow-anonymous     a server on 127.0.0.1:4567
  anabranch streams create orders --shards 4                   a stream
  seq 1000 | anabranch put orders                              a record a line
  anabranch tail orders --from trim-horizon                    everything in it, then what comes
  anabranch reshard orders --to 8                              twice the shards, under load

Environment:
  ANABRANCH_ENDPOINT, AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL   where the client commands connect
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN      who they are (a loopback endpoint needs none)

Exit codes:
  0 done   1 refused or failed   2 wrong usage   3 done in part   130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    Standalone(Box<standalone::StandaloneArgs>),
    Gateway(Box<gateway::GatewayArgs>),
    Shard(Box<shard_pod::ShardArgs>),
    Put(put::PutArgs),
    Tail(tail::TailArgs),
    Get(get::GetArgs),
    Streams(streams::StreamsArgs),
    Shards(shards::ShardsArgs),
    Reshard(reshard::ReshardArgs),
    Bench(bench::BenchArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let outcome = parse(&std::env::args_os().collect::<Vec<_>>()).and_then(|cli| run(cli.command));
    match outcome {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => failure.report(),
    }
}

/// The command that `arguments` spell, with the config file's values laid under flags and environment.
fn parse(arguments: &[OsString]) -> Result<Cli, Failure> {
    let matches = Cli::command().try_get_matches_from(arguments)?;
    let matches = match standalone::config_path(&matches) {
        None => matches,
        Some(path) => {
            let settings = config_file::read(&path, &standalone::setting_names())?;
            Cli::command()
                .mut_subcommand("standalone", |command| {
                    config_file::lay_under(command, &settings)
                })
                .try_get_matches_from(arguments)
                .map_err(|error| Failure::in_config_file(&path, &error))?
        }
    };
    Ok(Cli::from_arg_matches(&matches)?)
}

fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Standalone(args) => standalone::run(*args),
        Command::Gateway(args) => gateway::run(*args),
        Command::Shard(args) => shard_pod::run(*args),
        Command::Completions(args) => completions::run(&args, &mut Cli::command()),
        Command::Bench(args) => bench::run(args),
        Command::Put(args) => outcome::block_on(put::run(args)),
        Command::Tail(args) => outcome::block_on(tail::run(args)),
        Command::Get(args) => outcome::block_on(get::run(args)),
        Command::Streams(args) => outcome::block_on(streams::run(args)),
        Command::Shards(args) => outcome::block_on(shards::run(args)),
        Command::Reshard(args) => outcome::block_on(reshard::run(args)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
