//! `anabranch bench`: a load generator for any endpoint that speaks the Kinesis API.
//!
//! It must never be what is measured: bodies are encoded and signed beforehand, answers are searched and not parsed, one
//! thread drives hundreds of connections, and the report says what processor time the generator itself took. Every
//! producer and consumer waits for its answer before the next request (a closed loop), so latency is that of a caller.

mod answer;
mod disk;
mod fixture;
mod get_records;
mod histogram;
mod http1;
mod idle;
mod pace;
mod payload;
mod process;
mod put;
mod report;
mod request;
mod subscribe;
mod window;

use std::time::Duration;

use clap::{Args, Subcommand};

use self::report::Report;
use self::request::Target;
use super::client::{ClientArgs, Scheme};
use super::outcome::{Failure, Outcome};
use super::output::{Output, OutputArgs, document, line};
use super::units::{parse_bytes, parse_duration};

/// Load an endpoint and report records a second, latencies and errors
///
/// Every workload makes a stream of its own and deletes it afterwards. A server that enforces AWS's limits answers with
/// those: start it without (`anabranch standalone --no-limits`) to measure what it can do.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    workload: Workload,
}

const EXAMPLES: &str = "\
Examples:
  anabranch bench put-records                          4 producers, 500 records of 1 KiB a call, 10 s
  anabranch bench put-record --producers 32 --codec cbor
  anabranch bench put-records --rate 20000             20,000 records a second, whatever the server makes of it
  anabranch bench get-records --fill 256MiB            4 consumers read 256 MiB round and round
  anabranch bench subscribe --consumers 20             from put to delivery, by enhanced fan-out
  anabranch bench disk --dir /var/lib/anabranch        what the disk below could do
  anabranch bench put-records --endpoint-url http://127.0.0.1:4566 --output json";

#[derive(Debug, Subcommand)]
enum Workload {
    PutRecords(put::PutRecordsArgs),
    PutRecord(put::PutRecordArgs),
    GetRecords(get_records::GetRecordsArgs),
    Subscribe(subscribe::SubscribeArgs),
    Idle(idle::IdleArgs),
    Disk(disk::DiskArgs),
}

/// What every workload against an endpoint takes.
#[derive(Debug, Args)]
struct RunArgs {
    /// How long to measure
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    duration: Duration,

    /// How long to load before measuring
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    warmup: Duration,

    /// The size of a record's data
    #[arg(long, value_name = "SIZE", default_value = "1KiB", value_parser = parse_bytes)]
    record_size: u64,

    /// The stream [default: a new one]
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,

    /// Open shards of the stream
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    shards: i32,

    /// Leave the stream and its records behind
    #[arg(long)]
    keep: bool,

    /// Threads of the generator; one drives more than most servers take
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    threads: usize,

    /// Report what this process used meanwhile: the server's, on this machine
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,

    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl RunArgs {
    fn target(&self) -> Result<Target, Failure> {
        let endpoint = self.client.endpoint()?;
        if endpoint.scheme() != Scheme::Http {
            return Err(Failure::usage(
                "the generator speaks plain text only: what TLS costs would be measured twice",
            ));
        }
        Ok(Target {
            endpoint,
            signer: self.client.signer()?,
            codec: self.client.codec.into(),
        })
    }

    fn stream_name(&self) -> String {
        self.stream
            .clone()
            .unwrap_or_else(|| format!("bench-{}", std::process::id()))
    }

    /// Prints a report; a run in which nothing succeeded has failed.
    fn print(&self, report: &Report) -> Result<Outcome, Failure> {
        match self.output.output {
            Output::Json => document(&report.as_json())?,
            Output::Text => line(report.as_text().trim_end())?,
        }
        Ok(if report.has_errors() {
            Outcome::Partly
        } else {
            Outcome::Done
        })
    }
}

pub(super) fn run(args: BenchArgs) -> Result<Outcome, Failure> {
    match args.workload {
        Workload::PutRecords(args) => put::put_records(&args),
        Workload::PutRecord(args) => put::put_record(&args),
        Workload::GetRecords(args) => get_records::run(&args),
        Workload::Subscribe(args) => subscribe::run(&args),
        Workload::Idle(args) => idle::run(&args),
        Workload::Disk(args) => disk::run(&args),
    }
}
