//! `anabranch tail`: every record of a stream as it comes, through splits and merges.
//!
//! ```text
//! Follower ── which shards may be read ──► one reader a shard (polling | fan_out) ──► one channel ──► standard output
//!     ▲                                                                                  │
//!     └─────────────────────────── a shard ended, and these follow it ◄──────────────────┘
//! ```

mod fan_out;
mod polling;

use std::io::Write as _;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use anabranch_wire::Action;
use anabranch_wire::shapes::{ChildShard, ListShardsInput, ListShardsOutput, Record, Shard};
use clap::Args;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::client::{CallError, ClientArgs, Kinesis, RegisteredConsumer};
use super::lineage::{Follower, is_open};
use super::outcome::{Failure, Outcome};
use super::output::OutputArgs;
use super::position::{FORMS, Position};
use super::record::RecordStyle;
use super::units::parse_duration;

/// Batches that wait to be printed. A slow terminal then slows the readers down, and memory stays bounded.
const BATCHES_MAX: usize = 8;

/// Print the records of a stream as they come, like `tail -f`
///
/// Reads every shard, and goes on through splits and merges: a shard is read after the shards that it came from, so
/// records of one partition key keep their order. Ends with ^C, with --count, or with --no-follow at the newest record.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct TailArgs {
    /// The stream
    stream: String,

    /// Where to start: latest, trim-horizon, a time (2026-01-31T12:00:00Z), how long ago (10m), or a sequence number
    #[arg(long, value_name = FORMS, default_value = "latest")]
    from: Position,

    /// Read only this shard, and those that follow it
    #[arg(long, value_name = "ID")]
    shard: Option<String>,

    /// Have records pushed to a registered consumer of this name (enhanced fan-out); it is made if missing, and then
    /// removed at the end
    #[arg(long, value_name = "CONSUMER")]
    fan_out: Option<String>,

    /// End after so many records
    #[arg(long, short = 'n', value_name = "COUNT")]
    count: Option<u64>,

    /// End at the newest record instead of waiting for more
    #[arg(long)]
    no_follow: bool,

    /// Time, shard, sequence number and key before each record
    #[arg(long, short)]
    verbose: bool,

    /// How often each shard is asked for more; AWS allows five times a second over all readers
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = parse_duration, conflicts_with = "fan_out")]
    interval: Duration,

    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const EXAMPLES: &str = "\
Examples:
  anabranch tail orders                                 what comes from now on
  anabranch tail orders --from trim-horizon --no-follow | wc -l
  anabranch tail orders --from 10m -v                   the last ten minutes, then on
  anabranch tail orders --fan-out audit --output json | jq .partitionKey";

/// What a reader of a shard has to say.
#[derive(Debug)]
enum News {
    /// Records, in their order; there may be none.
    Records { shard: String, records: Vec<Record> },
    /// The newest record of a shard has been seen, and following is not wanted.
    CaughtUp,
    /// A closed shard was read to its end.
    Ended {
        shard: String,
        children: Vec<ChildShard>,
    },
    /// A reader gave up.
    Failed(CallError),
}

/// What all readers share.
#[derive(Debug)]
struct Reading {
    kinesis: Kinesis,
    stream: String,
    interval: Duration,
    follow: bool,
    consumer: Option<RegisteredConsumer>,
    news: mpsc::Sender<News>,
}

pub(super) async fn run(args: TailArgs) -> Result<Outcome, Failure> {
    let kinesis = args.client.connect()?;
    let shards = list_shards(&kinesis, &args.stream).await?;
    let consumer = match &args.fan_out {
        Some(name) => Some(fan_out::find_or_register(&kinesis, &args.stream, name).await?),
        None => None,
    };
    let (news, heard) = mpsc::channel(BATCHES_MAX);
    let reading = Rc::new(Reading {
        kinesis,
        stream: args.stream.clone(),
        interval: args.interval,
        follow: !args.no_follow,
        consumer,
        news,
    });
    let outcome = LocalSet::new()
        .run_until(follow(&args, &reading, &shards, heard))
        .await;
    if let Some(consumer) = &reading.consumer {
        fan_out::remove_if_made_here(&reading.kinesis, consumer).await?;
    }
    outcome
}

/// Starts readers as their turns come, and prints what they read, until there is nothing more to do.
async fn follow(
    args: &TailArgs,
    reading: &Rc<Reading>,
    shards: &[Shard],
    mut heard: mpsc::Receiver<News>,
) -> Result<Outcome, Failure> {
    let from = args.from.clone().at(SystemTime::now());
    let mut follower = Follower::default();
    let first = follower.begin(&chosen(args, &from, shards)?);
    let mut reading_now = first.len();
    args.output.news(&format!(
        "reading {} of {} shards of {}",
        first.len(),
        shards.len(),
        args.stream
    ));
    for shard in first {
        start(reading, shard.clone(), from.in_shard(&shard));
    }
    let style = RecordStyle {
        output: args.output.output,
        verbose: args.verbose,
    };
    let mut left = args.count.unwrap_or(u64::MAX);
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    while reading_now > 0 && left > 0 {
        let news = tokio::select! {
            news = heard.recv() => news.expect("this function holds a sender itself"),
            _ = &mut interrupted => return Ok(Outcome::Interrupted),
        };
        match news {
            News::Records { shard, records } => left -= print(style, &shard, &records, left)?,
            News::CaughtUp => reading_now -= 1,
            News::Failed(error) => return Err(error.into()),
            News::Ended { shard, children } => {
                reading_now -= 1;
                for next in follower.finish(&shard, &children) {
                    args.output.news(&format!("{shard} ended; reading {next}"));
                    reading_now += 1;
                    // A child has no records before its parents' last ones; with AT_TIMESTAMP it could still be too early.
                    let position = if matches!(from, Position::Time(_)) {
                        from.clone()
                    } else {
                        Position::TrimHorizon
                    };
                    start(reading, next, position);
                }
            }
        }
    }
    Ok(Outcome::Done)
}

/// The shards to begin with: all, but for `latest` only those that can still get records.
fn chosen(args: &TailArgs, from: &Position, shards: &[Shard]) -> Result<Vec<Shard>, Failure> {
    if let Some(wanted) = &args.shard {
        let shard = shards.iter().find(|shard| &shard.shard_id == wanted);
        let shard = shard.ok_or_else(|| {
            Failure::usage(format!(
                "{} has no shard {wanted}: see `anabranch shards {}`",
                args.stream, args.stream
            ))
        })?;
        return Ok(vec![shard.clone()]);
    }
    Ok(match from {
        Position::Latest => shards
            .iter()
            .filter(|shard| is_open(shard))
            .cloned()
            .collect(),
        // What a shard's ancestors hold is older than a record of the shard.
        Position::At(_) | Position::After(_) => from_record(from.shard().as_deref(), shards),
        _ => shards.to_vec(),
    })
}

/// All shards but the ancestors of the one that holds the record to start from.
fn from_record(holder: Option<&str>, shards: &[Shard]) -> Vec<Shard> {
    let mut older: Vec<&str> = Vec::new();
    let mut next: Vec<&str> = holder.into_iter().collect();
    while let Some(id) = next.pop() {
        let Some(shard) = shards.iter().find(|shard| shard.shard_id == id) else {
            continue;
        };
        let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id]
            .into_iter()
            .filter_map(Option::as_deref);
        let parents: Vec<&str> = parents.filter(|parent| !older.contains(parent)).collect();
        older.extend(&parents);
        next.extend(parents);
    }
    shards
        .iter()
        .filter(|shard| !older.contains(&shard.shard_id.as_str()))
        .cloned()
        .collect()
}

fn start(reading: &Rc<Reading>, shard: String, position: Position) {
    let reading = Rc::clone(reading);
    tokio::task::spawn_local(async move {
        let result = match &reading.consumer {
            Some(consumer) => fan_out::read(&reading, consumer, &shard, position).await,
            None => polling::read(&reading, &shard, position).await,
        };
        if let Err(error) = result {
            // When nobody hears it, the command has ended already.
            let _ = reading.news.send(News::Failed(error)).await;
        }
    });
}

/// Prints at most `left` of the records; returns how many.
fn print(style: RecordStyle, shard: &str, records: &[Record], left: u64) -> std::io::Result<u64> {
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut count = 0;
    for record in records
        .iter()
        .take(usize::try_from(left).unwrap_or(usize::MAX))
    {
        style.write(&mut output, shard, record)?;
        count += 1;
    }
    output.flush()?;
    Ok(count)
}

/// Every shard that the service still lists, open and closed.
pub(super) async fn list_shards(kinesis: &Kinesis, stream: &str) -> Result<Vec<Shard>, CallError> {
    let mut shards = Vec::new();
    let mut input = ListShardsInput {
        stream_name: Some(stream.to_owned()),
        ..ListShardsInput::default()
    };
    loop {
        let page: ListShardsOutput = kinesis.call(Action::ListShards, &input).await?;
        shards.extend(page.shards.unwrap_or_default());
        match page.next_token {
            Some(token) => {
                input = ListShardsInput {
                    next_token: Some(token),
                    ..ListShardsInput::default()
                }
            }
            None => return Ok(shards),
        }
    }
}

impl Reading {
    /// Tells what was read. Returns whether anybody still wants to know.
    async fn tell(&self, news: News) -> bool {
        self.news.send(news).await.is_ok()
    }

    /// The shards that follow a closed one, for services that do not say so at its end.
    async fn children_of(&self, shard: &str) -> Result<Vec<ChildShard>, CallError> {
        let shards = list_shards(&self.kinesis, &self.stream).await?;
        let children = shards.into_iter().filter_map(|child| {
            let parents = [child.parent_shard_id, child.adjacent_parent_shard_id];
            let parent_shards: Vec<String> = parents.into_iter().flatten().collect();
            let is_child = parent_shards.iter().any(|parent| parent == shard);
            is_child.then_some(ChildShard {
                shard_id: child.shard_id,
                parent_shards,
                hash_key_range: child.hash_key_range,
            })
        });
        Ok(children.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starting_at_a_record_leaves_out_the_ancestors_of_its_shard() {
        let shard = |id: &str, parent: Option<&str>| Shard {
            shard_id: id.to_owned(),
            parent_shard_id: parent.map(str::to_owned),
            ..Shard::default()
        };
        let shards = [
            shard("0", None),
            shard("1", None),
            shard("2", Some("0")),
            shard("3", Some("2")),
        ];
        let ids: Vec<String> = from_record(Some("3"), &shards)
            .into_iter()
            .map(|shard| shard.shard_id)
            .collect();
        assert_eq!(ids, ["1", "3"]);
    }
}
