//! `UpdateAccountSettings`: changes the settings of the account.

use crate::shapes::MinimumThroughputBillingCommitmentOutput;
use crate::structure::structure;

structure! {
    /// Changes the settings of the account.
    UpdateAccountSettingsInput {
        /// The account's commitment to a minimum throughput.
        minimum_throughput_billing_commitment: MinimumThroughputBillingCommitmentInput = "MinimumThroughputBillingCommitment": MINIMUM_THROUGHPUT_BILLING_COMMITMENT_INPUT,
    }
}

structure! {
    /// What `UpdateAccountSettings` answers.
    UpdateAccountSettingsOutput {
        /// The account's commitment to a minimum throughput.
        minimum_throughput_billing_commitment: Option<MinimumThroughputBillingCommitmentOutput> = "MinimumThroughputBillingCommitment": MINIMUM_THROUGHPUT_BILLING_COMMITMENT_OUTPUT,
    }
}

structure! {
    /// The commitment wanted.
    MinimumThroughputBillingCommitmentInput {
        /// `ENABLED` or `DISABLED`.
        status: String = "Status": MINIMUM_THROUGHPUT_BILLING_COMMITMENT_INPUT_STATUS,
    }
}
