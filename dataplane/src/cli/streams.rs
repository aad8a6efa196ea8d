//! `anabranch streams`: what streams there are, and making and deleting them.

use std::time::{Duration, Instant};

use anabranch_wire::Action;
use anabranch_wire::shapes::{
    CreateStreamInput, DeleteStreamInput, DescribeStreamSummaryInput, DescribeStreamSummaryOutput,
    ListStreamsInput, ListStreamsOutput, StreamDescriptionSummary, StreamModeDetails,
    StreamSummary,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{CallError, ClientArgs, Kinesis};
use super::outcome::{Failure, Outcome};
use super::output::{Output, OutputArgs, columns, document, line};
use super::position::rfc3339;
use super::units::{grouped, parse_duration};

/// How often the status of a stream is asked for while it changes: AWS allows twenty times a second over all callers.
const STATUS_INTERVAL: Duration = Duration::from_millis(100);

/// List, create, describe and delete streams
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct StreamsArgs {
    #[command(subcommand)]
    command: Option<StreamsCommand>,
    #[command(flatten)]
    common: CommonArgs,
}

const EXAMPLES: &str = "\
Examples:
  anabranch streams                          all of them
  anabranch streams create orders --shards 4
  anabranch streams create clicks --on-demand
  anabranch streams describe orders --output json
  anabranch streams delete orders";

#[derive(Debug, Args)]
struct CommonArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum StreamsCommand {
    /// List all streams (what `anabranch streams` does by itself)
    List {
        #[command(flatten)]
        common: CommonArgs,
    },
    /// Create a stream and wait until it is ACTIVE
    Create {
        /// Its name: letters, digits, `_`, `.` and `-`, at most 128
        name: String,
        /// Open shards to begin with
        #[arg(
            long,
            value_name = "COUNT",
            conflicts_with = "on_demand",
            default_value_t = 1
        )]
        shards: i32,
        /// Let the service choose the shards by the load
        #[arg(long)]
        on_demand: bool,
        /// The largest record with its key, 1024 to 10240 KiB
        #[arg(long, value_name = "KIB")]
        max_record_kib: Option<i32>,
        /// Do not wait until it is ACTIVE
        #[arg(long)]
        no_wait: bool,
        /// How long to wait
        #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
        wait: Duration,
        #[command(flatten)]
        common: CommonArgs,
    },
    /// Show what is known of a stream
    Describe {
        /// The stream
        name: String,
        #[command(flatten)]
        common: CommonArgs,
    },
    /// Delete a stream with all of its records, and wait until it is gone
    Delete {
        /// The stream
        name: String,
        /// Delete it even if consumers are registered with it
        #[arg(long)]
        with_consumers: bool,
        /// Do not wait until it is gone
        #[arg(long)]
        no_wait: bool,
        /// How long to wait
        #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
        wait: Duration,
        #[command(flatten)]
        common: CommonArgs,
    },
}

pub(super) async fn run(args: StreamsArgs) -> Result<Outcome, Failure> {
    match args.command {
        None => list(&args.common).await?,
        Some(StreamsCommand::List { common }) => list(&common).await?,
        Some(StreamsCommand::Describe { name, common }) => describe(&name, &common).await?,
        Some(StreamsCommand::Create {
            name,
            shards,
            on_demand,
            max_record_kib,
            no_wait,
            wait,
            common,
        }) => {
            let mode = if on_demand {
                "ON_DEMAND"
            } else {
                "PROVISIONED"
            };
            let input = CreateStreamInput {
                stream_name: name,
                shard_count: (!on_demand).then_some(shards),
                // Left out where it says nothing new: servers older than the member refuse it.
                stream_mode_details: on_demand.then(|| StreamModeDetails {
                    stream_mode: mode.to_owned(),
                }),
                max_record_size_in_kib: max_record_kib,
                ..CreateStreamInput::default()
            };
            create(&input, (!no_wait).then_some(wait), &common).await?;
        }
        Some(StreamsCommand::Delete {
            name,
            with_consumers,
            no_wait,
            wait,
            common,
        }) => {
            let input = DeleteStreamInput {
                stream_name: Some(name.clone()),
                enforce_consumer_deletion: with_consumers.then_some(true),
                ..DeleteStreamInput::default()
            };
            delete(&name, &input, (!no_wait).then_some(wait), &common).await?;
        }
    }
    Ok(Outcome::Done)
}

async fn list(common: &CommonArgs) -> Result<(), Failure> {
    let kinesis = common.client.connect()?;
    let mut streams = Vec::new();
    let mut input = ListStreamsInput {
        limit: Some(100),
        ..ListStreamsInput::default()
    };
    loop {
        let page: ListStreamsOutput = kinesis.call(Action::ListStreams, &input).await?;
        let last = page.stream_names.last().cloned();
        // Servers older than the summaries give names only.
        streams.extend(
            page.stream_summaries
                .unwrap_or_else(|| page.stream_names.iter().map(|name| named(name)).collect()),
        );
        match last {
            Some(last) if page.has_more_streams => input.exclusive_start_stream_name = Some(last),
            _ => break,
        }
    }
    match common.output.output {
        Output::Json => document(&Value::Array(streams.iter().map(as_json).collect()))?,
        Output::Text if streams.is_empty() => {
            common
                .output
                .news("no streams yet; `anabranch streams create NAME` makes one");
        }
        Output::Text => {
            let header = ["NAME", "STATUS", "MODE", "CREATED"]
                .map(str::to_owned)
                .to_vec();
            let rows: Vec<Vec<String>> = std::iter::once(header)
                .chain(streams.iter().map(row))
                .collect();
            line(columns(&rows).trim_end())?;
        }
    }
    Ok(())
}

fn named(name: &str) -> StreamSummary {
    StreamSummary {
        stream_name: name.to_owned(),
        ..StreamSummary::default()
    }
}

fn row(stream: &StreamSummary) -> Vec<String> {
    vec![
        stream.stream_name.clone(),
        stream.stream_status.to_lowercase(),
        mode(stream.stream_mode_details.as_ref()).to_lowercase(),
        stream
            .stream_creation_timestamp
            .map(rfc3339)
            .unwrap_or_default(),
    ]
}

fn as_json(stream: &StreamSummary) -> Value {
    json!({
        "name": stream.stream_name,
        "arn": stream.stream_arn,
        "status": stream.stream_status,
        "mode": mode(stream.stream_mode_details.as_ref()),
        "created": stream.stream_creation_timestamp.map(rfc3339),
    })
}

fn mode(details: Option<&StreamModeDetails>) -> &str {
    details.map_or("", |details| details.stream_mode.as_str())
}

async fn create(
    input: &CreateStreamInput,
    wait: Option<Duration>,
    common: &CommonArgs,
) -> Result<(), Failure> {
    let kinesis = common.client.connect()?;
    kinesis.command(Action::CreateStream, input).await?;
    match wait {
        None => common
            .output
            .news(&format!("{} is being created", input.stream_name)),
        Some(wait) => {
            let stream = wait_until_active(&kinesis, &input.stream_name, wait).await?;
            show(&stream, common)?;
        }
    }
    Ok(())
}

async fn describe(name: &str, common: &CommonArgs) -> Result<(), Failure> {
    let kinesis = common.client.connect()?;
    show(&summary(&kinesis, name).await?, common)
}

async fn delete(
    name: &str,
    input: &DeleteStreamInput,
    wait: Option<Duration>,
    common: &CommonArgs,
) -> Result<(), Failure> {
    let kinesis = common.client.connect()?;
    kinesis.command(Action::DeleteStream, input).await?;
    if let Some(wait) = wait {
        let begun = Instant::now();
        loop {
            match summary(&kinesis, name).await {
                Err(error) if error.kind() == Some("ResourceNotFoundException") => break,
                Err(error) => return Err(error.into()),
                Ok(_) if begun.elapsed() > wait => {
                    return Err(Failure::Other(anyhow::anyhow!(
                        "{name} is still being deleted after {} s",
                        wait.as_secs()
                    )));
                }
                Ok(_) => tokio::time::sleep(STATUS_INTERVAL).await,
            }
        }
    }
    common.output.news(&format!(
        "{name} is {}",
        if wait.is_some() {
            "deleted"
        } else {
            "being deleted"
        }
    ));
    Ok(())
}

fn show(stream: &StreamDescriptionSummary, common: &CommonArgs) -> Result<(), Failure> {
    match common.output.output {
        Output::Json => document(&described(stream))?,
        Output::Text => line(columns(&facts(stream)).trim_end())?,
    }
    Ok(())
}

/// What a person wants to know of a stream, the most wanted first.
fn facts(stream: &StreamDescriptionSummary) -> Vec<Vec<String>> {
    let number = |number: Option<i32>| number.map(|number| number.to_string());
    let facts = [
        ("name", Some(stream.stream_name.clone())),
        ("status", Some(stream.stream_status.to_lowercase())),
        (
            "mode",
            Some(mode(stream.stream_mode_details.as_ref()).to_lowercase()),
        ),
        ("open shards", number(Some(stream.open_shard_count))),
        (
            "retention",
            Some(format!("{} h", stream.retention_period_hours)),
        ),
        ("consumers", number(stream.consumer_count)),
        (
            "largest record",
            stream
                .max_record_size_in_kib
                .map(|size| format!("{size} KiB")),
        ),
        (
            "encryption",
            stream
                .encryption_type
                .as_ref()
                .map(|kind| kind.to_lowercase()),
        ),
        ("created", Some(rfc3339(stream.stream_creation_timestamp))),
        ("arn", Some(stream.stream_arn.clone())),
    ];
    let known = facts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    known
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect()
}

fn described(stream: &StreamDescriptionSummary) -> Value {
    json!({
        "name": stream.stream_name,
        "arn": stream.stream_arn,
        "status": stream.stream_status,
        "mode": mode(stream.stream_mode_details.as_ref()),
        "openShards": stream.open_shard_count,
        "consumers": stream.consumer_count,
        "retentionHours": stream.retention_period_hours,
        "maxRecordKib": stream.max_record_size_in_kib,
        "encryption": stream.encryption_type,
        "created": rfc3339(stream.stream_creation_timestamp),
    })
}

/// What `DescribeStreamSummary` says.
pub(super) async fn summary(
    kinesis: &Kinesis,
    name: &str,
) -> Result<StreamDescriptionSummary, CallError> {
    let input = DescribeStreamSummaryInput {
        stream_name: Some(name.to_owned()),
        ..DescribeStreamSummaryInput::default()
    };
    let answer: DescribeStreamSummaryOutput =
        kinesis.call(Action::DescribeStreamSummary, &input).await?;
    Ok(answer.stream_description_summary)
}

/// Waits until a stream is neither being created nor changed.
pub(super) async fn wait_until_active(
    kinesis: &Kinesis,
    name: &str,
    wait: Duration,
) -> Result<StreamDescriptionSummary, Failure> {
    let begun = Instant::now();
    loop {
        let stream = summary(kinesis, name).await?;
        if stream.stream_status == "ACTIVE" {
            return Ok(stream);
        }
        if begun.elapsed() > wait {
            let (status, seconds) = (stream.stream_status, grouped(wait.as_secs()));
            return Err(Failure::Other(anyhow::anyhow!(
                "{name} is still {status} after {seconds} s"
            )));
        }
        tokio::time::sleep(STATUS_INTERVAL).await;
    }
}
