//! The commitment as it is.

use crate::structure::structure;
use crate::timestamp::Timestamp;

structure! {
    /// The commitment as it is.
    MinimumThroughputBillingCommitmentOutput {
        /// `ENABLED`, `DISABLED`, or on its way out.
        status: String = "Status": MINIMUM_THROUGHPUT_BILLING_COMMITMENT_OUTPUT_STATUS,
        /// When it began.
        started_at: Option<Timestamp> = "StartedAt": TIMESTAMP,
        /// When it ended.
        ended_at: Option<Timestamp> = "EndedAt": TIMESTAMP,
        /// When it may end at the earliest.
        earliest_allowed_end_at: Option<Timestamp> = "EarliestAllowedEndAt": TIMESTAMP,
    }
}
