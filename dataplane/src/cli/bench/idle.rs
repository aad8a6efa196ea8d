//! Many streams that nobody uses: what it takes to make them, and what they then cost the server.

use std::time::{Duration, Instant};

use anabranch_wire::Action;
use anabranch_wire::shapes::CreateStreamInput;
use clap::Args;
use futures_util::StreamExt as _;
use serde_json::json;

use super::process::Usage;
use super::report::Report;
use super::window::{Measured, Tally};
use super::{Outcome, RunArgs};
use crate::cli::outcome::{Failure, block_on};

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
                stream_name: format!("{name}-{stream:06}"),
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
