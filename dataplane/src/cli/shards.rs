//! `anabranch shards`: the shards of a stream and who came from whom.

use anabranch_wire::shapes::Shard;
use clap::Args;
use serde_json::{Value, json};

use super::client::ClientArgs;
use super::lineage::{is_open, tree};
use super::outcome::{Failure, Outcome};
use super::output::{Output, OutputArgs, columns, document, line};
use super::tail::list_shards;
use super::units::grouped;

/// Show the shards of a stream as a family tree
///
/// Every shard with its state and its part of the hash keys; below it the shards that it was split or merged into. A
/// merged shard is shown under its first parent and named under the other.
#[derive(Debug, Args)]
pub(super) struct ShardsArgs {
    /// The stream
    stream: String,

    /// Only shards that take records
    #[arg(long)]
    open: bool,

    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(args: ShardsArgs) -> Result<Outcome, Failure> {
    let kinesis = args.client.connect()?;
    let mut shards = list_shards(&kinesis, &args.stream).await?;
    if args.open {
        shards.retain(is_open);
    }
    match args.output.output {
        Output::Json => document(&Value::Array(shards.iter().map(as_json).collect()))?,
        Output::Text => {
            line(columns(&rows(&shards)).trim_end())?;
            let open = shards.iter().filter(|shard| is_open(shard)).count() as u64;
            let closed = shards.len() as u64 - open;
            args.output.news(&format!(
                "{} open, {} closed",
                grouped(open),
                grouped(closed)
            ));
        }
    }
    Ok(Outcome::Done)
}

fn rows(shards: &[Shard]) -> Vec<Vec<String>> {
    let header = ["SHARD", "STATE", "SHARE", "FIRST HASH KEY", "LAST HASH KEY"]
        .map(str::to_owned)
        .to_vec();
    let rows = tree(shards).into_iter().map(|line| {
        let name = format!("{}{}", line.branch, line.shard.shard_id);
        if line.repeated {
            return vec![name, "(merged, see above)".to_owned()];
        }
        let state = if is_open(line.shard) {
            "open"
        } else {
            "closed"
        };
        let range = &line.shard.hash_key_range;
        let (first, last) = (
            range.starting_hash_key.clone(),
            range.ending_hash_key.clone(),
        );
        vec![name, state.to_owned(), share(line.shard), first, last]
    });
    std::iter::once(header).chain(rows).collect()
}

/// The part of all hash keys that a shard takes.
#[allow(clippy::cast_precision_loss, reason = "a percentage of three digits")]
fn share(shard: &Shard) -> String {
    let range = &shard.hash_key_range;
    match (
        range.starting_hash_key.parse::<u128>(),
        range.ending_hash_key.parse::<u128>(),
    ) {
        (Ok(first), Ok(last)) if first <= last => {
            format!(
                "{:.1} %",
                ((last - first) as f64 + 1.0) / (u128::MAX as f64) * 100.0
            )
        }
        _ => "?".to_owned(),
    }
}

fn as_json(shard: &Shard) -> Value {
    json!({
        "shardId": shard.shard_id,
        "open": is_open(shard),
        "parent": shard.parent_shard_id,
        "adjacentParent": shard.adjacent_parent_shard_id,
        "startingHashKey": shard.hash_key_range.starting_hash_key,
        "endingHashKey": shard.hash_key_range.ending_hash_key,
        "startingSequenceNumber": shard.sequence_number_range.starting_sequence_number,
        "endingSequenceNumber": shard.sequence_number_range.ending_sequence_number,
    })
}

#[cfg(test)]
mod tests {
    use anabranch_wire::shapes::HashKeyRange;

    use super::*;

    #[test]
    fn the_share_of_a_shard_is_a_percentage_of_all_hash_keys() {
        let of = |first: u128, last: u128| {
            let hash_key_range = HashKeyRange {
                starting_hash_key: first.to_string(),
                ending_hash_key: last.to_string(),
            };
            share(&Shard {
                hash_key_range,
                ..Shard::default()
            })
        };
        assert_eq!(of(0, u128::MAX), "100.0 %");
        assert_eq!(of(0, u128::MAX / 4), "25.0 %");
        assert_eq!(of(1, 0), "?");
    }
}
