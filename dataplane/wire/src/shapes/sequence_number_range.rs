//! The sequence numbers of a shard.

use crate::structure::structure;

structure! {
    /// The sequence numbers of a shard.
    SequenceNumberRange {
        /// The first sequence number.
        starting_sequence_number: String = "StartingSequenceNumber": SEQUENCE_NUMBER,
        /// The last sequence number, of a closed shard.
        ending_sequence_number: Option<String> = "EndingSequenceNumber": SEQUENCE_NUMBER,
    }
}
