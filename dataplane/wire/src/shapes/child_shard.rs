//! A shard that follows a closed one.

use crate::shapes::HashKeyRange;
use crate::structure::structure;

structure! {
    /// A shard that follows a closed one.
    ChildShard {
        /// The shard.
        shard_id: String = "ShardId": SHARD_ID,
        /// The shards that it came from.
        parent_shards: Vec<String> = "ParentShards": SHARD_ID_LIST,
        /// The hash keys that it takes.
        hash_key_range: HashKeyRange = "HashKeyRange": HASH_KEY_RANGE,
    }
}
