//! A shard.

use crate::shapes::{HashKeyRange, SequenceNumberRange};
use crate::structure::structure;

structure! {
    /// A shard.
    Shard {
        /// The shard.
        shard_id: String = "ShardId": SHARD_ID,
        /// The shard that it came from.
        parent_shard_id: Option<String> = "ParentShardId": SHARD_ID,
        /// The other shard that it came from, after a merge.
        adjacent_parent_shard_id: Option<String> = "AdjacentParentShardId": SHARD_ID,
        /// The hash keys that it takes.
        hash_key_range: HashKeyRange = "HashKeyRange": HASH_KEY_RANGE,
        /// The sequence numbers that it has.
        sequence_number_range: SequenceNumberRange = "SequenceNumberRange": SEQUENCE_NUMBER_RANGE,
    }
}
