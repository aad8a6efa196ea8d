//! `SplitShard`: two shards for one.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{Account, SplitShard, Stream};
use anabranch_domain::{HashKey, ShardId};
use anabranch_wire::ApiError;
use anabranch_wire::shapes::SplitShardInput;

use super::addressing::{self, StreamAddress};
use super::errors::{self, Cut};
use super::{Services, changing, parsing};

/// A hash key as the model lets it through: 39 digits can be more than there are keys.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    shard: ShardId,
    new_starting_hash_key: Option<HashKey>,
}

fn validate(input: &SplitShardInput, stream: &str, account: &str) -> Result<Wish, ApiError> {
    let shard = parsing::shard_id(&input.shard_to_split, stream, account)?;
    Ok(Wish {
        shard,
        new_starting_hash_key: input.new_starting_hash_key.parse().ok(),
    })
}

pub(super) async fn execute(
    services: &Services,
    caller: &Caller,
    input: SplitShardInput,
) -> Result<(), ApiError> {
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let snapshot = services.snapshot();
    let wish = validate(&input, address.name(), snapshot.account.id.as_str())?;
    let stream = addressing::stream(&services.snapshot(), address)?;
    let Some(new_starting_hash_key) = wish.new_starting_hash_key else {
        return Err(beyond_the_ring(
            &snapshot.account,
            &stream,
            wish.shard,
            &input.new_starting_hash_key,
        ));
    };
    let reason = changing::reason(caller, "SplitShard");
    let change = SplitShard {
        stream: stream.name.clone(),
        shard: wish.shard,
        new_starting_hash_key,
        reason,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    changing::settle(services, &stream.name, stream.uid).await;
    Ok(())
}

fn beyond_the_ring(account: &Account, stream: &Stream, shard: ShardId, key: &str) -> ApiError {
    match stream.shards.get(&shard) {
        None => errors::shard_not_found(shard, stream.name.as_str(), account.id.as_str()),
        Some(found) => {
            let (start, end) = (found.range.start(), found.range.end());
            let cut = Cut {
                shard: &shard,
                stream: stream.name.as_str(),
                start: &start,
                end: &end,
            };
            errors::split_out_of_range(key, &cut, account.id.as_str())
        }
    }
}
