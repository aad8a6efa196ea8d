//! `anabranch reshard`: more or fewer shards, waited for.

use std::time::{Duration, Instant};

use anabranch_wire::Action;
use anabranch_wire::shapes::{
    MergeShardsInput, Shard, SplitShardInput, UpdateShardCountInput, UpdateShardCountOutput,
};
use clap::{ArgGroup, Args};
use indicatif::ProgressBar;
use serde_json::json;

use super::client::{ClientArgs, Kinesis};
use super::get::full_shard_id;
use super::lineage::is_open;
use super::outcome::{Failure, Outcome};
use super::output::{Output, OutputArgs, document, line};
use super::streams::{summary, wait_until_active};
use super::tail::list_shards;
use super::units::parse_duration;

/// How often the shards are counted while they change.
const COUNT_INTERVAL: Duration = Duration::from_millis(200);

/// Split, merge or scale the shards of a stream, under load, and wait until it is done
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES, group = ArgGroup::new("what").required(true).args(["to", "split", "merge"]))]
pub(super) struct ReshardArgs {
    /// The stream
    stream: String,

    /// Scale to so many open shards of equal shares; steps of more than twice or less than half are taken in turn
    #[arg(long, value_name = "COUNT")]
    to: Option<i32>,

    /// Split this shard in two
    #[arg(long, value_name = "SHARD")]
    split: Option<String>,

    /// Where the second half begins [default: the middle]
    #[arg(long, value_name = "HASH KEY", requires = "split")]
    at: Option<String>,

    /// Merge this shard with the one that follows it in the hash keys
    #[arg(long, value_name = "SHARD")]
    merge: Option<String>,

    /// Merge with this shard instead
    #[arg(long, value_name = "SHARD", requires = "merge")]
    with: Option<String>,

    /// How long to wait
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    wait: Duration,

    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const EXAMPLES: &str = "\
Examples:
  anabranch reshard orders --to 8
  anabranch reshard orders --split 0
  anabranch reshard orders --merge shardId-000000000004 --with shardId-000000000005

^C stops the waiting, not the change: `anabranch shards STREAM` shows how far it is.";

pub(super) async fn run(args: ReshardArgs) -> Result<Outcome, Failure> {
    let kinesis = args.client.connect()?;
    let begun = Instant::now();
    let change = async {
        if let Some(target) = args.to {
            scale(&kinesis, &args, target).await
        } else if let Some(shard) = &args.split {
            split(&kinesis, &args, &full_shard_id(shard)).await
        } else {
            let shard = args
                .merge
                .as_deref()
                .expect("clap asks for one of the three");
            merge(&kinesis, &args, &full_shard_id(shard)).await
        }
    };
    tokio::select! {
        changed = change => changed?,
        _ = tokio::signal::ctrl_c() => return Ok(Outcome::Interrupted),
    }
    let open = summary(&kinesis, &args.stream).await?.open_shard_count;
    let seconds = begun.elapsed().as_secs_f64();
    match args.output.output {
        Output::Json => {
            document(&json!({ "stream": args.stream, "openShards": open, "seconds": seconds }))?;
        }
        Output::Text => line(&format!(
            "{} has {open} open shards (after {seconds:.1} s)",
            args.stream
        ))?,
    }
    Ok(Outcome::Done)
}

async fn scale(kinesis: &Kinesis, args: &ReshardArgs, target: i32) -> Result<(), Failure> {
    let mut current = wait_until_active(kinesis, &args.stream, args.wait)
        .await?
        .open_shard_count;
    let progress = args.output.progress(None, "open shards");
    for step in steps(current, target) {
        args.output.news(&format!("{current} → {step} shards"));
        let input = UpdateShardCountInput {
            stream_name: Some(args.stream.clone()),
            target_shard_count: step,
            scaling_type: "UNIFORM_SCALING".to_owned(),
            ..UpdateShardCountInput::default()
        };
        let _: UpdateShardCountOutput = kinesis.call(Action::UpdateShardCount, &input).await?;
        watch(kinesis, args, &progress).await?;
        current = step;
    }
    progress.finish_and_clear();
    Ok(())
}

/// Waits until the change is done, and shows how far it is.
async fn watch(
    kinesis: &Kinesis,
    args: &ReshardArgs,
    progress: &ProgressBar,
) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        let stream = summary(kinesis, &args.stream).await?;
        progress.set_position(u64::try_from(stream.open_shard_count).unwrap_or(0));
        if stream.stream_status == "ACTIVE" {
            return Ok(());
        }
        if begun.elapsed() > args.wait {
            let seconds = args.wait.as_secs();
            return Err(Failure::Other(anyhow::anyhow!(
                "{} is still {} after {seconds} s",
                args.stream,
                stream.stream_status
            )));
        }
        tokio::time::sleep(COUNT_INTERVAL).await;
    }
}

async fn split(kinesis: &Kinesis, args: &ReshardArgs, id: &str) -> Result<(), Failure> {
    let middle = match &args.at {
        Some(hash_key) => hash_key.clone(),
        None => middle(&find(kinesis, args, id).await?)
            .ok_or_else(|| Failure::usage(format!("{id} takes too few hash keys to be split")))?
            .to_string(),
    };
    let input = SplitShardInput {
        stream_name: Some(args.stream.clone()),
        shard_to_split: id.to_owned(),
        new_starting_hash_key: middle,
        ..SplitShardInput::default()
    };
    kinesis.command(Action::SplitShard, &input).await?;
    watch(kinesis, args, &ProgressBar::hidden()).await
}

async fn merge(kinesis: &Kinesis, args: &ReshardArgs, id: &str) -> Result<(), Failure> {
    let adjacent = if let Some(shard) = &args.with {
        full_shard_id(shard)
    } else {
        let shard = find(kinesis, args, id).await?;
        let shards = list_shards(kinesis, &args.stream).await?;
        let next = following(&shard, &shards);
        next.ok_or_else(|| {
            Failure::usage(format!("{id} is the last: name its neighbour by --with"))
        })?
        .shard_id
        .clone()
    };
    let input = MergeShardsInput {
        stream_name: Some(args.stream.clone()),
        shard_to_merge: id.to_owned(),
        adjacent_shard_to_merge: adjacent,
        ..MergeShardsInput::default()
    };
    kinesis.command(Action::MergeShards, &input).await?;
    watch(kinesis, args, &ProgressBar::hidden()).await
}

async fn find(kinesis: &Kinesis, args: &ReshardArgs, id: &str) -> Result<Shard, Failure> {
    let shards = list_shards(kinesis, &args.stream).await?;
    let found = shards.into_iter().find(|shard| shard.shard_id == id);
    found.ok_or_else(|| {
        Failure::usage(format!(
            "no shard {id}: see `anabranch shards {}`",
            args.stream
        ))
    })
}

/// The counts on the way from `current` to `target`: AWS takes steps of at most twice and at least half.
fn steps(current: i32, target: i32) -> Vec<i32> {
    let mut steps = Vec::new();
    let mut count = current;
    while count != target {
        let lowest = count / 2 + count % 2;
        let next = target.clamp(lowest.max(1), count.saturating_mul(2).max(1));
        if next == count {
            // Out of what can be reached (none, or fewer than one): the service says why.
            steps.push(target);
            break;
        }
        steps.push(next);
        count = next;
    }
    if steps.is_empty() {
        // Nothing changes in number, but shares of unequal size become equal.
        steps.push(target);
    }
    steps
}

/// The hash key in the middle of a shard's range, where it can be split there.
fn middle(shard: &Shard) -> Option<u128> {
    let first: u128 = shard.hash_key_range.starting_hash_key.parse().ok()?;
    let last: u128 = shard.hash_key_range.ending_hash_key.parse().ok()?;
    let middle = first + (last.checked_sub(first)? / 2) + 1;
    (middle > first + 1 && middle < last).then_some(middle)
}

/// The open shard that begins where this one ends.
fn following<'a>(shard: &Shard, shards: &'a [Shard]) -> Option<&'a Shard> {
    let last: u128 = shard.hash_key_range.ending_hash_key.parse().ok()?;
    let next = last.checked_add(1)?.to_string();
    shards
        .iter()
        .find(|other| is_open(other) && other.hash_key_range.starting_hash_key == next)
}

#[cfg(test)]
mod tests {
    use anabranch_wire::shapes::HashKeyRange;

    use super::*;

    fn shard(id: &str, first: u128, last: u128) -> Shard {
        let hash_key_range = HashKeyRange {
            starting_hash_key: first.to_string(),
            ending_hash_key: last.to_string(),
        };
        Shard {
            shard_id: id.to_owned(),
            hash_key_range,
            ..Shard::default()
        }
    }

    #[test]
    fn a_long_way_is_taken_in_steps_that_the_service_allows() {
        assert_eq!(steps(4, 7), [7]);
        assert_eq!(steps(4, 20), [8, 16, 20]);
        assert_eq!(steps(7, 3), [4, 3]);
        assert_eq!(steps(3, 3), [3]);
        assert_eq!(steps(1, 0), [0]);
    }

    #[test]
    fn a_shard_is_split_in_the_middle_unless_it_is_too_small() {
        assert_eq!(middle(&shard("0", 0, u128::MAX)), Some(1 << 127));
        assert_eq!(middle(&shard("0", 5, 6)), None);
    }

    #[test]
    fn a_shard_is_merged_with_the_one_that_begins_where_it_ends() {
        let shards = [shard("0", 0, 9), shard("1", 10, 19)];
        assert_eq!(
            following(&shards[0], &shards).map(|next| next.shard_id.as_str()),
            Some("1")
        );
        assert_eq!(following(&shards[1], &shards), None);
    }
}
