//! Writing as fast as the server takes it: `PutRecords` and `PutRecord`.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anabranch_wire::shapes::{PutRecordInput, PutRecordsInput};
use anabranch_wire::{Action, Codec};
use bytes::Bytes;
use clap::Args;
use serde_json::json;

use super::answer::{error_codes, error_type, failed_record_count};
use super::fixture::{delete_stream, make_stream};
use super::http1::Connection;
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
}

pub(super) fn put_records(args: &PutRecordsArgs) -> Result<Outcome, Failure> {
    let stream = args.run.stream_name();
    let writes = Writes {
        run: &args.run,
        stream,
        producers: args.producers,
        batch: Some(args.batch),
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
        drive(
            window,
            self.run.threads,
            self.producers,
            self.run.server_pid,
            move |producer, tally| {
                let bodies = self.bodies(producer, target.codec);
                Box::pin(async move { self.produce(target, bodies, window, &tally).await })
            },
        )
    }

    fn bodies(&self, producer: usize, codec: Codec) -> Vec<Prepared> {
        let mut payload = Payload::new(producer, self.run.record_size);
        let is_large = self.run.record_size * self.batch.unwrap_or(1) > LARGE_BYTES;
        let count = if is_large { LARGE_BODIES } else { SMALL_BODIES };
        let body = |_| match self.batch {
            Some(batch) => Prepared::new(
                Action::PutRecords,
                self.batch_body(&mut payload, batch, codec),
            ),
            None => Prepared::new(Action::PutRecord, self.single_body(&mut payload, codec)),
        };
        (0..count).map(body).collect()
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
        mut bodies: Vec<Prepared>,
        window: &Window,
        tally: &RefCell<Tally>,
    ) {
        let mut connection = None;
        let mut turn = 0;
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
            turn = (turn + 1) % bodies.len();
            let (head, body) = bodies[turn].bytes(target);
            let begun = Instant::now();
            let result = open.exchange(head, body).await;
            let ended = Instant::now();
            let mut tally = tally.borrow_mut();
            match result {
                Err(error) => {
                    tally.broken(&error);
                    continue;
                }
                Ok(answer) if answer.status == 200 => {
                    if window.counts(ended) {
                        self.count(&mut tally, target.codec, begun, ended, answer.body);
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

    fn count(&self, tally: &mut Tally, codec: Codec, begun: Instant, ended: Instant, body: &[u8]) {
        let sent = self.batch.unwrap_or(1);
        let failed = if self.batch.is_some() {
            failed_record_count(codec, body).unwrap_or(sent)
        } else {
            0
        };
        let written = sent.saturating_sub(failed);
        tally.success(begun, ended, written, written * self.run.record_size);
        if failed > 0 {
            for kind in error_codes(codec, body) {
                tally.error(&kind, 1);
            }
        }
    }
}
