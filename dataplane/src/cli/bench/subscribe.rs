//! From put to delivery: how long until a record that was put has reached every enhanced fan-out consumer of its shard.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anabranch_wire::shapes::{PutRecordInput, PutRecordOutput, Record, SubscribeToShardInput};
use anabranch_wire::{Action, Blob};
use bytes::Bytes;
use clap::Args;
use serde_json::json;
use tokio::task::LocalSet;

use super::fixture::{delete_stream, make_stream};
use super::histogram::Histogram;
use super::process::Usage;
use super::report::Report;
use super::window::{Measured, Tally};
use super::{Outcome, RunArgs};
use crate::cli::client::{Kinesis, Subscription};
use crate::cli::outcome::{Failure, block_on};
use crate::cli::position::Position;
use crate::cli::streams::summary;
use crate::cli::tail::list_shards;

/// A subscription lasts five minutes; a run must not see its end.
const DURATION_MAX: Duration = Duration::from_mins(4);

/// Time for the last records to arrive.
const SETTLE: Duration = Duration::from_millis(500);

/// Measure the time from put to delivery by SubscribeToShard
///
/// One producer puts records at a steady rate into one shard; every consumer has them pushed. A record carries the
/// moment before it was put, so its latency holds the write, its durability, and the delivery.
#[derive(Debug, Args)]
pub(super) struct SubscribeArgs {
    /// Enhanced fan-out consumers, all on the first shard
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    consumers: usize,

    /// Records put in a second
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    rate: u32,

    #[command(flatten)]
    run: RunArgs,
}

pub(super) fn run(args: &SubscribeArgs) -> Result<Outcome, Failure> {
    if args.run.duration + args.run.warmup > DURATION_MAX {
        return Err(Failure::usage(
            "a subscription lasts five minutes: measure for less than four",
        ));
    }
    make_stream(&args.run)?;
    let mut measured = None;
    let result = block_on(LocalSet::new().run_until(async {
        measured = Some(measure(args).await?);
        Ok(Outcome::Done)
    }));
    delete_stream(&args.run)?;
    result?;
    let Some((measured, puts)) = measured else {
        return Ok(Outcome::Partly);
    };
    let settings = vec![
        ("workload", json!("subscribe")),
        ("endpoint", json!(args.run.client.endpoint()?.to_string())),
        (
            "codec",
            json!(format!("{:?}", args.run.client.codec).to_lowercase()),
        ),
        ("consumers", json!(args.consumers)),
        ("rate", json!(args.rate)),
        ("puts", json!(puts.count())),
        (
            "putP50Ms",
            json!(super::report::milliseconds(puts.permille(500))),
        ),
        ("recordBytes", json!(args.run.record_size)),
    ];
    args.run.print(&Report { settings, measured })
}

/// What the producer and the consumers share; all live on one thread.
struct Shared {
    tally: RefCell<Tally>,
    /// Every moment is told as nanoseconds after this one.
    origin: Instant,
    counts_from: Instant,
}

async fn measure(args: &SubscribeArgs) -> Result<(Measured, Histogram), Failure> {
    let kinesis = Rc::new(args.run.client.connect()?);
    let stream = args.run.stream_name();
    let arn = summary(&kinesis, &stream).await?.stream_arn;
    let first = list_shards(&kinesis, &stream).await?.into_iter().next();
    let first = first.ok_or_else(|| Failure::usage(format!("{stream} has no shard")))?;
    let origin = Instant::now();
    let mut subscriptions = Vec::new();
    for consumer in 0..args.consumers {
        let name = format!("bench-{consumer}");
        let consumer_arn = kinesis.find_or_register_consumer(&arn, &name).await?.arn;
        let input = SubscribeToShardInput {
            consumer_arn,
            shard_id: first.shard_id.clone(),
            starting_position: Position::Latest.starting_position(),
            ..SubscribeToShardInput::default()
        };
        subscriptions.push(kinesis.subscribe(&input).await?);
    }
    let counts_from = Instant::now() + args.run.warmup;
    let shared = Rc::new(Shared {
        tally: RefCell::default(),
        origin,
        counts_from,
    });
    for subscription in subscriptions {
        tokio::task::spawn_local(receive(subscription, Rc::clone(&shared)));
    }
    let used = || {
        (
            Usage::of(std::process::id()).unwrap_or_default(),
            args.run.server_pid.and_then(Usage::of),
        )
    };
    let before = used();
    let puts = produce(
        args,
        &kinesis,
        &stream,
        &first.hash_key_range.starting_hash_key,
        &shared,
    )
    .await?;
    tokio::time::sleep(SETTLE).await;
    let after = used();
    let mut tally = std::mem::take(&mut *shared.tally.borrow_mut());
    let expected = puts.count() * args.consumers as u64;
    let missing = expected.saturating_sub(tally.latencies.count());
    if missing > 0 {
        tally.error("not delivered", missing);
    }
    let measured = Measured {
        tally,
        seconds: args.run.duration.as_secs_f64(),
        client: after.0.since(before.0),
        server: after
            .1
            .zip(before.1)
            .map(|(after, before)| after.since(before)),
    };
    Ok((measured, puts))
}

/// Puts records at a steady rate; returns the latencies of the puts that count.
async fn produce(
    args: &SubscribeArgs,
    kinesis: &Kinesis,
    stream: &str,
    hash_key: &str,
    shared: &Shared,
) -> Result<Histogram, Failure> {
    let mut puts = Histogram::default();
    let mut beat = tokio::time::interval(Duration::from_secs(1) / args.rate.max(1));
    let ends = shared.counts_from + args.run.duration;
    while Instant::now() < ends {
        beat.tick().await;
        let begun = Instant::now();
        let input = PutRecordInput {
            stream_name: Some(stream.to_owned()),
            partition_key: Some("bench".into()),
            explicit_hash_key: Some(hash_key.into()),
            data: Blob(stamped(begun - shared.origin, args.run.record_size)),
            ..PutRecordInput::default()
        };
        let _: PutRecordOutput = kinesis.call_once(Action::PutRecord, &input).await?;
        if begun >= shared.counts_from {
            puts.record(nanos(begun.elapsed()));
        }
    }
    Ok(puts)
}

async fn receive(mut subscription: Subscription, shared: Rc<Shared>) {
    loop {
        match subscription.next().await {
            Ok(event) => {
                let now = Instant::now();
                let mut tally = shared.tally.borrow_mut();
                for record in &event.records {
                    if let Some(put) = stamp(record).map(|since| shared.origin + since)
                        && put >= shared.counts_from
                    {
                        tally.success(put, now, 1, record.data.len() as u64);
                    }
                }
            }
            Err(end) => {
                shared
                    .tally
                    .borrow_mut()
                    .error(&format!("subscription: {end:?}"), 1);
                return;
            }
        }
    }
}

/// A record that says when it was put.
fn stamped(since: Duration, bytes: u64) -> Bytes {
    let mut data = format!("{:016x}", nanos(since)).into_bytes();
    data.resize(usize::try_from(bytes).unwrap_or(0).max(data.len()), b'.');
    Bytes::from(data)
}

/// When a record says it was put.
fn stamp(record: &Record) -> Option<Duration> {
    let digits = std::str::from_utf8(record.data.as_ref().get(..16)?).ok()?;
    u64::from_str_radix(digits, 16)
        .ok()
        .map(Duration::from_nanos)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_when_it_was_put() {
        let data = Blob(stamped(Duration::from_millis(1234), 100));
        assert_eq!(data.len(), 100);
        let record = Record {
            data,
            ..Record::default()
        };
        assert_eq!(stamp(&record), Some(Duration::from_millis(1234)));
        assert_eq!(
            stamp(&Record {
                data: Blob::from("short"),
                ..Record::default()
            }),
            None
        );
    }
}
