//! A range of hash keys, both ends included.

use crate::structure::structure;

structure! {
    /// A range of hash keys, both ends included.
    HashKeyRange {
        /// The first hash key.
        starting_hash_key: String = "StartingHashKey": HASH_KEY,
        /// The last hash key, included.
        ending_hash_key: String = "EndingHashKey": HASH_KEY,
    }
}
