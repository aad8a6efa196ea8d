//! `DescribeAccountSettings`: tells the settings of the account.

use crate::shapes::MinimumThroughputBillingCommitmentOutput;
use crate::structure::structure;

structure! {
    /// Tells the settings of the account.
    DescribeAccountSettingsInput {}
}

structure! {
    /// What `DescribeAccountSettings` answers.
    DescribeAccountSettingsOutput {
        /// The account's commitment to a minimum throughput.
        minimum_throughput_billing_commitment: Option<MinimumThroughputBillingCommitmentOutput> = "MinimumThroughputBillingCommitment": MINIMUM_THROUGHPUT_BILLING_COMMITMENT_OUTPUT,
    }
}
