//! Many streams that nobody uses: what it takes to make them, and what they then cost the server.

use std::time::{Duration, Instant};

use anabranch_wire::shapes::{
    CreateStreamInput, PutRecordsInput, PutRecordsOutput, PutRecordsRequestEntry,
};
use anabranch_wire::{Action, Blob};
use bytes::Bytes;
use clap::Args;
use futures_util::StreamExt as _;
use serde_json::json;

use super::fixture::ACTIVE_WAIT;
use super::process::Usage;
use super::report::Report;
use super::window::{Measured, Tally};
use super::{Outcome, RunArgs};
use crate::cli::client::Kinesis;
use crate::cli::outcome::{Failure, block_on};
use crate::cli::streams::wait_until_active;

/// Streams that are being made at the same time.
const PARALLEL: usize = 16;

/// Make many streams and leave them, to see what idle ones cost
///
/// Reports how long CreateStream takes. The streams stay: their cost is in the memory and the processor time of the
/// server afterwards, and in how long it takes to start with them.
#[derive(Debug, Args)]
pub(super) struct IdleArgs {
    /// How many streams
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    streams: u64,

    /// Write one record into every shard: what was used once may cost more than what never was
    #[arg(long)]
    write: bool,

    #[command(flatten)]
    run: RunArgs,
}

pub(super) fn run(args: &IdleArgs) -> Result<Outcome, Failure> {
    let kinesis = args.run.client.connect()?;
    let name = args.run.stream_name();
    let mut tally = Tally::default();
    let used = || {
        (
            Usage::of(std::process::id()).unwrap_or_default(),
            args.run.server_pid.and_then(Usage::of),
        )
    };
    let before = used();
    let begun = Instant::now();
    let progress = args.run.output.progress(Some(args.streams), "streams");
    block_on(async {
        let create = async |stream: u64| {
            let input = CreateStreamInput {
                stream_name: stream_name(&name, stream),
                shard_count: Some(args.run.shards),
                ..CreateStreamInput::default()
            };
            let begun = Instant::now();
            (begun, kinesis.command(Action::CreateStream, &input).await)
        };
        let mut answers = futures_util::stream::iter(0..args.streams)
            .map(create)
            .buffer_unordered(PARALLEL);
        while let Some((begun, answer)) = answers.next().await {
            progress.inc(1);
            match answer {
                Ok(()) => tally.success(begun, Instant::now(), 0, 0),
                Err(error) => tally.error(error.kind().unwrap_or("connection"), 1),
            }
        }
        if args.write {
            for stream in 0..args.streams {
                write(&kinesis, &stream_name(&name, stream), args.run.shards).await?;
            }
        }
        // What follows the last answer belongs to making them, not to being idle.
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(Outcome::Done)
    })?;
    progress.finish_and_clear();
    let seconds = begun.elapsed().as_secs_f64();
    let after = used();
    let settings = vec![
        ("workload", json!("idle")),
        ("streams", json!(args.streams)),
        ("shards", json!(args.run.shards)),
    ];
    let server = after
        .1
        .zip(before.1)
        .map(|(after, before)| after.since(before));
    let measured = Measured {
        tally,
        seconds,
        client: after.0.since(before.0),
        server,
    };
    args.run.print(&Report { settings, measured })
}

fn stream_name(name: &str, stream: u64) -> String {
    format!("{name}-{stream:06}")
}

/// Writes a record into each of the stream's shards.
async fn write(kinesis: &Kinesis, stream: &str, shards: i32) -> Result<(), Failure> {
    wait_until_active(kinesis, stream, ACTIVE_WAIT).await?;
    for hash_keys in middles(shards).chunks(CALL_RECORDS_MAX) {
        let entry = |hash_key: &u128| PutRecordsRequestEntry {
            partition_key: Some("k".into()),
            explicit_hash_key: Some(hash_key.to_string().into()),
            data: Blob(Bytes::from_static(b"idle")),
        };
        let input = PutRecordsInput {
            records: hash_keys.iter().map(entry).collect(),
            stream_name: Some(stream.to_owned()),
            ..PutRecordsInput::default()
        };
        let answer: PutRecordsOutput = kinesis.call(Action::PutRecords, &input).await?;
        if let Some(failed) = answer.failed_record_count.filter(|&failed| failed > 0) {
            return Err(Failure::Other(anyhow::anyhow!(
                "{failed} shards of {stream} took no record"
            )));
        }
    }
    Ok(())
}

/// Records in one `PutRecords` call.
const CALL_RECORDS_MAX: usize = 500;

/// The hash keys in the middle of each of so many even shards.
fn middles(shards: i32) -> Vec<u128> {
    let shards = u128::try_from(shards.max(1)).expect("it is not negative");
    let half = u128::MAX / (2 * shards);
    (0..shards).map(|shard| (2 * shard + 1) * half).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_gets_a_record() {
        assert_eq!(middles(1), [u128::MAX / 2]);
        let size = 1 << 126;
        let shards: Vec<u128> = middles(4).iter().map(|key| key / size).collect();
        assert_eq!(shards, [0, 1, 2, 3]);
        assert_eq!(middles(1000).len(), 1000);
    }
}
