//! `anabranch get`: one look into one shard.

use std::io::Write as _;
use std::time::SystemTime;

use anabranch_wire::Action;
use anabranch_wire::shapes::{GetRecordsInput, GetRecordsOutput, GetShardIteratorOutput};
use clap::Args;

use super::client::ClientArgs;
use super::outcome::{Failure, Outcome};
use super::output::OutputArgs;
use super::position::{FORMS, Position};
use super::record::RecordStyle;

/// Calls that may come back empty before a place with records is reached.
const CALLS_MAX: u32 = 100;

/// Print some records of one shard
///
/// Reads from one place until it has as many records as asked for, or the newest. `anabranch tail` reads a whole stream.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct GetArgs {
    /// The stream
    stream: String,

    /// The shard, such as shardId-000000000000 or 0
    shard: String,

    /// Where to start: latest, trim-horizon, a time (2026-01-31T12:00:00Z), how long ago (10m), or a sequence number
    #[arg(long, value_name = FORMS, default_value = "trim-horizon")]
    from: Position,

    /// At most so many records
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 10)]
    limit: u32,

    /// Time, shard, sequence number and key before each record
    #[arg(long, short)]
    verbose: bool,

    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const EXAMPLES: &str = "\
Examples:
  anabranch get orders 0                         the ten oldest records of the first shard
  anabranch get orders 0 --from 5m -n 100 -v     a hundred from five minutes ago, with their keys";

pub(super) async fn run(args: GetArgs) -> Result<Outcome, Failure> {
    let kinesis = args.client.connect()?;
    let shard = full_shard_id(&args.shard);
    let input = args
        .from
        .clone()
        .at(SystemTime::now())
        .iterator(&args.stream, &shard);
    let answer: GetShardIteratorOutput = kinesis.call(Action::GetShardIterator, &input).await?;
    let mut iterator = answer.shard_iterator;
    let style = RecordStyle {
        output: args.output.output,
        verbose: args.verbose,
    };
    let mut left = args.limit;
    let mut calls = 0;
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let ended = loop {
        let (Some(shard_iterator), true, true) = (iterator, left > 0, calls < CALLS_MAX) else {
            break if left > 0 {
                "the shard is closed and read to its end"
            } else {
                ""
            };
        };
        calls += 1;
        let limit = i32::try_from(left.min(10_000)).expect("at most ten thousand");
        let input = GetRecordsInput {
            limit: Some(limit),
            shard_iterator,
            ..GetRecordsInput::default()
        };
        let answer: GetRecordsOutput = kinesis.call(Action::GetRecords, &input).await?;
        for record in &answer.records {
            style.write(&mut output, &shard, record)?;
            left = left.saturating_sub(1);
        }
        if answer.next_shard_iterator.is_some() && answer.millis_behind_latest == Some(0) {
            break if left > 0 {
                "that is all, up to now"
            } else {
                ""
            };
        }
        iterator = answer.next_shard_iterator;
    };
    output.flush()?;
    if !ended.is_empty() {
        args.output.news(ended);
    }
    Ok(Outcome::Done)
}

/// `3` for `shardId-000000000003`.
pub(super) fn full_shard_id(text: &str) -> String {
    match text.parse::<u32>() {
        Ok(index) => format!("shardId-{index:012}"),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_can_be_named_by_its_number() {
        assert_eq!(full_shard_id("3"), "shardId-000000000003");
        assert_eq!(
            full_shard_id("shardId-000000000003"),
            "shardId-000000000003"
        );
    }
}
