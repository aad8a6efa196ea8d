//! The throughput that a stream is ready for.

use crate::structure::structure;

structure! {
    /// The throughput that a stream is ready for.
    WarmThroughputObject {
        /// The throughput wanted, in MiB/s.
        target_mibps: Option<i32> = "TargetMiBps": NATURAL_INTEGER_OBJECT,
        /// The throughput ready now, in MiB/s.
        current_mibps: Option<i32> = "CurrentMiBps": NATURAL_INTEGER_OBJECT,
    }
}
