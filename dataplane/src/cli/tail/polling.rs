//! Reading a shard by asking for more, again and again.

use std::time::Duration;

use anabranch_wire::Action;
use anabranch_wire::shapes::{GetRecordsInput, GetRecordsOutput, GetShardIteratorOutput};

use super::{News, Reading};
use crate::cli::client::CallError;
use crate::cli::position::Position;

/// The pause after the service says that this shard is read too fast.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads `shard` from `position` to its end, or for ever.
pub(super) async fn read(
    reading: &Reading,
    shard: &str,
    mut position: Position,
) -> Result<(), CallError> {
    let mut iterator = iterator_at(reading, shard, &position).await?;
    loop {
        let input = GetRecordsInput {
            shard_iterator: iterator.clone(),
            ..GetRecordsInput::default()
        };
        let answer: GetRecordsOutput = match reading.kinesis.call(Action::GetRecords, &input).await
        {
            Ok(answer) => answer,
            // A terminal that was stopped for minutes.
            Err(error) if error.kind() == Some("ExpiredIteratorException") => {
                iterator = iterator_at(reading, shard, &position).await?;
                continue;
            }
            Err(error) if error.is_throttling() => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        let was_empty = answer.records.is_empty();
        if let Some(last) = answer.records.last() {
            position = Position::After(last.sequence_number.to_string());
        }
        if !reading
            .tell(News::Records {
                shard: shard.to_owned(),
                records: answer.records,
            })
            .await
        {
            return Ok(());
        }
        let Some(next) = answer.next_shard_iterator else {
            let children = match answer.child_shards {
                Some(children) => children,
                None => reading.children_of(shard).await?,
            };
            reading
                .tell(News::Ended {
                    shard: shard.to_owned(),
                    children,
                })
                .await;
            return Ok(());
        };
        let is_at_tip = answer
            .millis_behind_latest
            .map_or(was_empty, |behind| behind == 0);
        if is_at_tip && !reading.follow {
            reading.tell(News::CaughtUp).await;
            return Ok(());
        }
        if is_at_tip {
            tokio::time::sleep(reading.interval).await;
        }
        iterator = next;
    }
}

async fn iterator_at(
    reading: &Reading,
    shard: &str,
    position: &Position,
) -> Result<String, CallError> {
    let input = position.iterator(&reading.stream, shard);
    let answer: GetShardIteratorOutput = reading
        .kinesis
        .call(Action::GetShardIterator, &input)
        .await?;
    answer.shard_iterator.ok_or_else(|| CallError::Unreadable {
        action: Action::GetShardIterator.name(),
        reason: "it holds no iterator".to_owned(),
    })
}
