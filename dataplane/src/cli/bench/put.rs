//! Writing as fast as the server takes it: `PutRecords` and `PutRecord`.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch_wire::shapes::{PutRecordInput, PutRecordsInput};
use anabranch_wire::{Action, Codec};
use bytes::Bytes;
use clap::Args;
use serde_json::json;

use super::answer::{error_codes, error_type, failed_record_count};
use super::fixture::{delete_stream, make_stream};
use super::http1::Connection;
use super::pace::{Pace, parse_rate};
use super::payload::Payload;
use super::report::Report;
use super::request::{Prepared, Target};
use super::window::{Measured, PAUSE, Tally, Window, drive};
use super::{Outcome, RunArgs};
use crate::cli::outcome::Failure;

/// Bodies of one producer that are sent in turn, so that no two calls in a row are the same: more of small ones.
const LARGE_BODIES: usize = 8;
const SMALL_BODIES: usize = 64;

/// A body of more bytes is large.
const LARGE_BYTES: u64 = 64 << 10;

/// Write batches of records with PutRecords
#[derive(Debug, Args)]
pub(super) struct PutRecordsArgs {
    /// Producers, each with one call under way
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    producers: usize,

    /// Records in one call
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    batch: u64,

    /// Records a second, which come whether the server keeps up or not: a call takes those that came while the one before was
    /// under way, at most a batch; another producer calls beside it when records have waited for 5 ms, or fill a batch.
    /// Latencies count from when each record came [default: every producer sends a whole batch at once]
    #[arg(long, value_name = "RECORDS", value_parser = parse_rate())]
    rate: Option<u32>,

    /// End after so many calls instead of after a time
    #[arg(long, value_name = "CALLS")]
    count: Option<u64>,

    #[command(flatten)]
    run: RunArgs,
}

/// Write single records with PutRecord
#[derive(Debug, Args)]
pub(super) struct PutRecordArgs {
    /// Producers, each with one call under way
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    producers: usize,

    /// End after so many calls instead of after a time
    #[arg(long, value_name = "CALLS")]
    count: Option<u64>,

    #[command(flatten)]
    run: RunArgs,
}

/// A load of writes.
#[derive(Debug)]
pub(super) struct Writes<'a> {
    pub(super) run: &'a RunArgs,
    pub(super) stream: String,
    pub(super) producers: usize,
    /// Records in a `PutRecords` call; `None` for `PutRecord`.
    pub(super) batch: Option<u64>,
    /// Records a second of all producers; `None` for as many as are taken.
    pub(super) rate: Option<u32>,
}

/// Calls of one size, sent in turn.
struct Calls {
    records: u64,
    bodies: Vec<Prepared>,
    turn: usize,
}

impl Calls {
    fn next(&mut self, target: &Target) -> (&[u8], &[u8]) {
        self.turn = (self.turn + 1) % self.bodies.len();
        self.bodies[self.turn].bytes(target)
    }
}

pub(super) fn put_records(args: &PutRecordsArgs) -> Result<Outcome, Failure> {
    let stream = args.run.stream_name();
    let writes = Writes {
        run: &args.run,
        stream,
        producers: args.producers,
        batch: Some(args.batch),
        rate: args.rate,
    };
    writes.report("put-records", args.count)
}

pub(super) fn put_record(args: &PutRecordArgs) -> Result<Outcome, Failure> {
    let stream = args.run.stream_name();
    let writes = Writes {
        run: &args.run,
        stream,
        producers: args.producers,
        batch: None,
        rate: None,
    };
    writes.report("put-record", args.count)
}

impl Writes<'_> {
    fn report(&self, workload: &str, count: Option<u64>) -> Result<Outcome, Failure> {
        let target = self.run.target()?;
        make_stream(self.run)?;
        let window = match count {
            Some(count) => Window::of_requests(count, Duration::from_hours(1)),
            None => Window::of_time(self.run.warmup, self.run.duration),
        };
        let measured = self.measure(&target, &window);
        delete_stream(self.run)?;
        let settings = vec![
            ("workload", json!(workload)),
            ("endpoint", json!(target.endpoint.to_string())),
            ("codec", json!(format!("{:?}", target.codec).to_lowercase())),
            ("producers", json!(self.producers)),
            ("batch", json!(self.batch.unwrap_or(1))),
            ("rate", json!(self.rate)),
            ("recordBytes", json!(self.run.record_size)),
            ("shards", json!(self.run.shards)),
        ];
        self.run.print(&Report {
            settings,
            measured: measured?,
        })
    }

    /// Writes until the window closes.
    pub(super) fn measure<'a>(
        &'a self,
        target: &'a Target,
        window: &'a Window,
    ) -> Result<Measured, Failure> {
        let pace = self.rate.map(Pace::new).map(Arc::new);
        drive(
            window,
            self.run.threads,
            self.producers,
            self.run.server_pid,
            move |producer, tally| {
                let (calls, pace) = (self.calls(producer, target.codec), pace.clone());
                Box::pin(async move {
                    let pace = pace.as_deref();
                    self.produce(target, calls, pace, window, &tally).await;
                })
            },
        )
    }

    /// Of each size that is sent, from small to large.
    fn calls(&self, producer: usize, codec: Codec) -> Vec<Calls> {
        let mut payload = Payload::new(producer, self.run.record_size);
        let batch = self.batch.unwrap_or(1);
        let sizes = self.rate.map_or(vec![batch], |_| Pace::sizes(batch));
        let mut calls = |records| {
            let is_large = self.run.record_size * records > LARGE_BYTES;
            let count = if is_large { LARGE_BODIES } else { SMALL_BODIES };
            let body = |_| match self.batch {
                Some(_) => Prepared::new(
                    Action::PutRecords,
                    self.batch_body(&mut payload, records, codec),
                ),
                None => Prepared::new(Action::PutRecord, self.single_body(&mut payload, codec)),
            };
            Calls {
                records,
                bodies: (0..count).map(body).collect(),
                turn: 0,
            }
        };
        sizes.into_iter().map(&mut calls).collect()
    }

    fn batch_body(&self, payload: &mut Payload, batch: u64, codec: Codec) -> Bytes {
        let records = (0..batch).map(|_| payload.record()).collect();
        let stream_name = Some(self.stream.clone());
        anabranch_wire::encode_request(
            codec,
            &PutRecordsInput {
                records,
                stream_name,
                ..PutRecordsInput::default()
            },
        )
    }

    fn single_body(&self, payload: &mut Payload, codec: Codec) -> Bytes {
        let record = payload.record();
        let input = PutRecordInput {
            stream_name: Some(self.stream.clone()),
            partition_key: record.partition_key,
            data: record.data,
            ..PutRecordInput::default()
        };
        anabranch_wire::encode_request(codec, &input)
    }

    /// One producer: a call, its answer, the next call.
    async fn produce(
        &self,
        target: &Target,
        mut calls: Vec<Calls>,
        pace: Option<&Pace>,
        window: &Window,
        tally: &RefCell<Tally>,
    ) {
        let mut connection = None;
        let sizes: Vec<u64> = calls.iter().map(|call| call.records).collect();
        while window.take() {
            let mut open = match connection.take() {
                Some(open) => open,
                None => match Connection::open(&target.endpoint).await {
                    Ok(open) => open,
                    Err(error) => {
                        tally.borrow_mut().broken(&error);
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            let taken = match pace {
                Some(pace) => Some(pace.take(&sizes).await),
                None => None,
            };
            let rung = taken.as_ref().map_or(0, |taken| taken.rung);
            let begun = [Instant::now()];
            let (head, body) = calls[rung].next(target);
            let result = open.exchange(head, body).await;
            let ended = Instant::now();
            let due = taken.as_ref().map_or(&begun[..], |taken| &taken.due);
            let mut tally = tally.borrow_mut();
            match result {
                Err(error) => {
                    tally.broken(&error);
                    continue;
                }
                Ok(answer) if answer.status == 200 => {
                    if window.counts(ended) {
                        let sent = sizes[rung];
                        self.count(&mut tally, target.codec, (due, ended), sent, answer.body);
                    }
                }
                Ok(answer) => {
                    let kind = error_type(target.codec, answer.body)
                        .map_or_else(|| format!("HTTP {}", answer.status), str::to_owned);
                    tally.error(&kind, 1);
                }
            }
            connection = Some(open);
        }
    }

    fn count(
        &self,
        tally: &mut Tally,
        codec: Codec,
        (due, ended): (&[Instant], Instant),
        sent: u64,
        body: &[u8],
    ) {
        let failed = if self.batch.is_some() {
            failed_record_count(codec, body).unwrap_or(sent)
        } else {
            0
        };
        let written = sent.saturating_sub(failed);
        tally.answered(due, ended, written, written * self.run.record_size);
        if failed > 0 {
            for kind in error_codes(codec, body) {
                tally.error(&kind, 1);
            }
        }
    }
}
