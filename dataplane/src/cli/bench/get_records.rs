//! Reading whole shards as fast as the server gives them.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anabranch_wire::Action;
use anabranch_wire::shapes::{GetRecordsInput, GetShardIteratorInput};
use clap::Args;
use serde_json::json;

use super::answer::{error_type, next_iterator, record_count};
use super::fixture::{delete_stream, make_stream};
use super::http1::Connection;
use super::put::Writes;
use super::report::Report;
use super::request::Target;
use super::window::{PAUSE, Tally, Window, drive};
use super::{Outcome, RunArgs};
use crate::cli::client::Kinesis;
use crate::cli::outcome::{Failure, block_on};
use crate::cli::tail::list_shards;
use crate::cli::units::parse_bytes;

/// The most that `GetRecords` may be asked for.
const LIMIT: i32 = 10_000;

/// Bytes that one call of the filling writes.
const FILL_BATCH: u64 = 500;

/// Empty answers in a row that are taken for the end of a shard.
const EMPTY_MAX: u32 = 3;

/// Read whole shards with GetRecords
///
/// Consumers start at the trim horizon, read every shard to its newest record, and begin again until the time is over
/// (or for so many --rounds). With --fill the records are written first.
#[derive(Debug, Args)]
pub(super) struct GetRecordsArgs {
    /// Consumers, each with one call under way
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    consumers: usize,

    /// Write so much before reading; nothing to read a stream that --stream names as it is
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = parse_bytes)]
    fill: u64,

    /// End when every consumer has read everything so often, instead of after a time
    #[arg(long, value_name = "COUNT")]
    rounds: Option<u64>,

    /// Each consumer reads its part of the shards, so that every record is read once, instead of all of them
    #[arg(long)]
    divide: bool,

    #[command(flatten)]
    run: RunArgs,
}

impl GetRecordsArgs {
    /// The shards of one consumer in its order.
    fn order(&self, shards: &[String], consumer: usize) -> Vec<String> {
        if self.divide {
            return shards
                .iter()
                .skip(consumer)
                .step_by(self.consumers.max(1))
                .cloned()
                .collect();
        }
        // Consumers start with different shards, as they would in life.
        let mut order = shards.to_vec();
        order.rotate_left(consumer % shards.len().max(1));
        order
    }
}

pub(super) fn run(args: &GetRecordsArgs) -> Result<Outcome, Failure> {
    let target = args.run.target()?;
    make_stream(&args.run)?;
    if args.fill > 0 {
        fill(args, &target)?;
    }
    let shards = shards(&args.run.client.connect()?, &args.run.stream_name())?;
    let window = match args.rounds {
        Some(rounds) => {
            Window::of_requests(rounds * args.consumers as u64, Duration::from_hours(1))
        }
        None => Window::of_time(args.run.warmup, args.run.duration),
    };
    let stream = args.run.stream_name();
    let measured = drive(
        &window,
        args.run.threads,
        args.consumers,
        args.run.server_pid,
        |consumer, tally| {
            let order = args.order(&shards, consumer);
            let reader = Consumer {
                target: &target,
                stream: &stream,
                record_bytes: args.run.record_size,
                window: &window,
                tally,
            };
            Box::pin(async move { reader.read_round_and_round(&order).await })
        },
    );
    delete_stream(&args.run)?;
    let settings = vec![
        ("workload", json!("get-records")),
        ("endpoint", json!(target.endpoint.to_string())),
        ("codec", json!(format!("{:?}", target.codec).to_lowercase())),
        ("consumers", json!(args.consumers)),
        ("divided", json!(args.divide)),
        ("filledBytes", json!(args.fill)),
        ("recordBytes", json!(args.run.record_size)),
        ("shards", json!(args.run.shards)),
    ];
    args.run.print(&Report {
        settings,
        measured: measured?,
    })
}

/// Writes what is to be read.
fn fill(args: &GetRecordsArgs, target: &Target) -> Result<(), Failure> {
    let stream = args.run.stream_name();
    let writes = Writes {
        run: &args.run,
        stream,
        producers: 4,
        batch: Some(FILL_BATCH),
        rate: None,
    };
    let calls = args.fill.div_ceil(FILL_BATCH * args.run.record_size.max(1));
    let written = writes
        .measure(target, &Window::of_requests(calls, Duration::from_mins(10)))?
        .tally;
    match written.errors.first_key_value() {
        None => Ok(()),
        Some((kind, count)) => Err(Failure::Other(anyhow::anyhow!(
            "the stream cannot be filled: {count} × {kind}"
        ))),
    }
}

fn shards(kinesis: &Kinesis, stream: &str) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    block_on(async {
        ids.extend(
            list_shards(kinesis, stream)
                .await?
                .into_iter()
                .map(|shard| shard.shard_id),
        );
        Ok(Outcome::Done)
    })?;
    Ok(ids)
}

/// One consumer of all shards.
struct Consumer<'a> {
    target: &'a Target,
    stream: &'a str,
    record_bytes: u64,
    window: &'a Window,
    tally: Rc<RefCell<Tally>>,
}

/// How a round ended.
enum Round {
    Done,
    /// The window closed.
    Over,
    /// The server refused something; it is counted.
    Refused,
}

impl Consumer<'_> {
    async fn read_round_and_round(&self, shards: &[String]) {
        let mut connection = None;
        // A round is what a window of requests counts here.
        while self.window.take() {
            let mut open = match connection.take() {
                Some(open) => open,
                None => match Connection::open(&self.target.endpoint).await {
                    Ok(open) => open,
                    Err(error) => {
                        self.tally.borrow_mut().broken(&error);
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            match self.read_round(&mut open, shards).await {
                Ok(Round::Done) => connection = Some(open),
                Ok(Round::Over) => return,
                Ok(Round::Refused) => {
                    connection = Some(open);
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => self.tally.borrow_mut().broken(&error),
            }
        }
    }

    async fn read_round(
        &self,
        connection: &mut Connection,
        shards: &[String],
    ) -> io::Result<Round> {
        for shard in shards {
            let mut iterator = self.horizon(connection, shard).await?;
            let mut empty = 0;
            while let Some(shard_iterator) = iterator {
                if Instant::now() > self.window.ends() {
                    return Ok(Round::Over);
                }
                let input = GetRecordsInput {
                    limit: Some(LIMIT),
                    shard_iterator,
                    ..GetRecordsInput::default()
                };
                let body = anabranch_wire::encode_request(self.target.codec, &input);
                let head = self.target.head(Action::GetRecords, &body);
                let begun = Instant::now();
                let answer = connection.exchange(&head, &body).await?;
                let ended = Instant::now();
                if answer.status != 200 {
                    self.refused(answer.status, answer.body);
                    return Ok(Round::Refused);
                }
                let records = record_count(self.target.codec, answer.body, self.record_bytes);
                if records > 0 && self.window.counts(ended) {
                    self.tally.borrow_mut().success(
                        begun,
                        ended,
                        records,
                        records * self.record_bytes,
                    );
                }
                empty = if records == 0 { empty + 1 } else { 0 };
                // Not by MillisBehindLatest: some servers always say 0.
                iterator = if empty == EMPTY_MAX {
                    None
                } else {
                    self.next(answer.body)
                };
            }
        }
        Ok(Round::Done)
    }

    fn next(&self, body: &[u8]) -> Option<String> {
        next_iterator(self.target.codec, body).map(str::to_owned)
    }

    async fn horizon(
        &self,
        connection: &mut Connection,
        shard: &str,
    ) -> io::Result<Option<String>> {
        let input = GetShardIteratorInput {
            stream_name: Some(self.stream.to_owned()),
            shard_id: shard.to_owned(),
            shard_iterator_type: "TRIM_HORIZON".to_owned(),
            ..GetShardIteratorInput::default()
        };
        let body = anabranch_wire::encode_request(self.target.codec, &input);
        let answer = connection
            .exchange(&self.target.head(Action::GetShardIterator, &body), &body)
            .await?;
        let found: Option<anabranch_wire::shapes::GetShardIteratorOutput> =
            anabranch_wire::decode_response(self.target.codec, answer.body).ok();
        let iterator = found.and_then(|found| found.shard_iterator);
        if iterator.is_none() {
            self.refused(answer.status, answer.body);
        }
        Ok(iterator)
    }

    fn refused(&self, status: u16, body: &[u8]) {
        let kind = error_type(self.target.codec, body)
            .map_or_else(|| format!("HTTP {status}"), str::to_owned);
        self.tally.borrow_mut().error(&kind, 1);
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct TestCommand {
        #[command(flatten)]
        args: GetRecordsArgs,
    }

    fn orders(flags: &[&str]) -> Vec<Vec<String>> {
        let args =
            TestCommand::parse_from(["get-records", "--consumers", "2"].iter().chain(flags)).args;
        let shards = ["a", "b", "c"].map(str::to_owned);
        (0..2)
            .map(|consumer| args.order(&shards, consumer))
            .collect()
    }

    #[test]
    fn consumers_read_all_shards_unless_they_divide_them() {
        assert_eq!(orders(&[]), [["a", "b", "c"], ["b", "c", "a"]]);
        assert_eq!(orders(&["--divide"]), [vec!["a", "c"], vec!["b"]]);
    }
}
