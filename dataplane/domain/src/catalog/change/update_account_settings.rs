//! `UpdateAccountSettings`.

use std::sync::Arc;

use super::Draft;
use crate::Timestamp;
use crate::catalog::ChangeError;

/// Asks to begin or to end the minimum throughput billing commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateAccountSettings {
    /// Begin it, or take a pending end back.
    EnableBillingCommitment,
    /// End it, or let it end when its first day is over.
    DisableBillingCommitment,
}

impl UpdateAccountSettings {
    #[allow(
        clippy::unnecessary_wraps,
        reason = "the same shape as every other change"
    )]
    pub(super) fn apply(self, draft: &mut Draft, now: Timestamp) -> Result<(), ChangeError> {
        let account = Arc::make_mut(&mut draft.snapshot.account);
        account.billing_commitment = match self {
            Self::EnableBillingCommitment => account.billing_commitment.enable(now),
            Self::DisableBillingCommitment => account.billing_commitment.disable(now),
        };
        draft.touch_account();
        Ok(())
    }
}
